/* SPDX-License-Identifier: MIT
 *
 * nothing.c - what the explorer of the lock asks an account of it, which is not kept here.
 */
#include "watch.h"

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
