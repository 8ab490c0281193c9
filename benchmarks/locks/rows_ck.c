/* SPDX-License-Identifier: MIT
 *
 * rows_ck.c - the locks of Concurrency Kit, all of them compiled in from its headers.
 */
#include "rows.h"

#include <ck_pflock.h>
#include <ck_rwlock.h>
#include <ck_spinlock.h>
#include <ck_tflock.h>

#define LINE 128

PLAIN(ck_ticket, ck_spinlock_ticket_t)

void row_ck_ticket_lock(void *lock, enum mode mode)
{
	(void)mode;
	ck_spinlock_ticket_lock(lock);
}

void row_ck_ticket_unlock(void *lock, enum mode mode)
{
	(void)mode;
	ck_spinlock_ticket_unlock(lock);
}

PAIRS(ck_ticket)

/* One place in line is enough: a thread holds one of these at a time. */
static _Thread_local _Alignas(LINE) struct {
	ck_spinlock_mcs_context_t mine;
	char alone[LINE - sizeof(ck_spinlock_mcs_context_t)];
} place;

PLAIN(ck_mcs, ck_spinlock_mcs_t)

void row_ck_mcs_lock(void *lock, enum mode mode)
{
	(void)mode;
	ck_spinlock_mcs_lock(lock, &place.mine);
}

void row_ck_mcs_unlock(void *lock, enum mode mode)
{
	(void)mode;
	ck_spinlock_mcs_unlock(lock, &place.mine);
}

PAIRS(ck_mcs)

PLAIN(ck_tflock, ck_tflock_ticket_t)

void row_ck_tflock_lock(void *lock, enum mode mode)
{
	if (mode == SHARED)
		ck_tflock_ticket_read_lock(lock);
	else
		ck_tflock_ticket_write_lock(lock);
}

void row_ck_tflock_unlock(void *lock, enum mode mode)
{
	if (mode == SHARED)
		ck_tflock_ticket_read_unlock(lock);
	else
		ck_tflock_ticket_write_unlock(lock);
}

PAIRS(ck_tflock)

PLAIN(ck_pflock, ck_pflock_t)

void row_ck_pflock_lock(void *lock, enum mode mode)
{
	if (mode == SHARED)
		ck_pflock_read_lock(lock);
	else
		ck_pflock_write_lock(lock);
}

void row_ck_pflock_unlock(void *lock, enum mode mode)
{
	if (mode == SHARED)
		ck_pflock_read_unlock(lock);
	else
		ck_pflock_write_unlock(lock);
}

PAIRS(ck_pflock)

PLAIN(ck_rwlock, ck_rwlock_t)

void row_ck_rwlock_lock(void *lock, enum mode mode)
{
	if (mode == SHARED)
		ck_rwlock_read_lock(lock);
	else
		ck_rwlock_write_lock(lock);
}

void row_ck_rwlock_unlock(void *lock, enum mode mode)
{
	if (mode == SHARED)
		ck_rwlock_read_unlock(lock);
	else
		ck_rwlock_write_unlock(lock);
}

PAIRS(ck_rwlock)
