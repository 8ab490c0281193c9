/* SPDX-License-Identifier: MIT
 *
 * nothing.c - what the explorer asks about pools of slots and scanners' roles, of which a table has
 * none: nobody sleeps in these programs, and nobody waits for another.
 */
#include "pool_inside.h"
#include "watch.h"

void pool_switch(struct pool_thread *from, const struct pool_thread *to)
{
	(void)from;
	(void)to;
}

bool pool_is_top(uintptr_t at)
{
	(void)at;
	return false;
}

bool pool_has_free(void)
{
	return false;
}

const char *pool_name(const void *at)
{
	(void)at;
	return NULL;
}

bool watch_is_word(uintptr_t at)
{
	(void)at;
	return false;
}

bool watch_role_rests(uintptr_t word)
{
	(void)word;
	return true;
}

bool watch_is_role(uintptr_t at)
{
	(void)at;
	return false;
}

bool watch_saw_owner(const struct ex_event *event)
{
	(void)event;
	return false;
}

void watch_rest(void)
{
}
