/* SPDX-License-Identifier: MIT
 *
 * callback_status.h - what a callback was told, and how often.
 */
#ifndef CALLBACK_STATUS_H
#define CALLBACK_STATUS_H

#include "common.h"

struct told {
	fifolock_t *lock;
	unsigned mode;
	unsigned times; /* atomic */
	int status;
	bool closes, reopens;
};

static inline void tell(void *ctx, int status)
{
	struct told *told = ctx;

	told->status = status;
	if (status == 0 && told->closes && fifolock_close(told->lock))
		told->status = -1;
	if (status == 0 && told->reopens && fifolock_reopen(told->lock))
		told->status = -1;
	if (status == 0 && told->lock && fifolock_unlock(told->lock, told->mode))
		told->status = -1;
	__atomic_add_fetch(&told->times, 1, __ATOMIC_RELEASE);
}

static inline unsigned times(const struct told *told)
{
	return __atomic_load_n(&told->times, __ATOMIC_ACQUIRE);
}

static inline void asks_later(fifolock_t *lock, struct told *told,
			      fifolock_request_t *request, unsigned mode)
{
	quick_check(fifolock_request(lock, mode, 1, request, tell, told) == EINPROGRESS,
		    "in line");
}

#endif
