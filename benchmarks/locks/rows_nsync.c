/* SPDX-License-Identifier: MIT
 *
 * rows_nsync.c - the lock of Google's nsync.
 */
#include "rows.h"

#include <nsync.h>

PLAIN(nsync, nsync_mu)

void row_nsync_lock(void *lock, enum mode mode)
{
	if (mode == SHARED)
		nsync_mu_rlock(lock);
	else
		nsync_mu_lock(lock);
}

void row_nsync_unlock(void *lock, enum mode mode)
{
	if (mode == SHARED)
		nsync_mu_runlock(lock);
	else
		nsync_mu_unlock(lock);
}

PAIRS(nsync)
