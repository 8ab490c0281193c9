/* SPDX-License-Identifier: MIT
 *
 * pool_inside.h - the pool with a way to begin anew, and without more memory than its
 * first chunk; and what the library keeps for each thread.
 */
#ifndef EX_POOL_INSIDE_H
#define EX_POOL_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/callbacks.h"
#include "core/role.h"

/* What src/core/callbacks.c keeps per thread (callbacks_inside.c), and what src/core/pool.c does. */
struct calls_thread {
	uint32_t inbox;
	struct fl_due due;
	struct fl_callbacks_wait *aside;
	struct fl_turn *turn;
	unsigned held;
	struct fl_slot *expects;
	bool expected;
};

struct pool_thread {
	struct fl_slot *kept;
	const fifolock_t *kept_lock;
	uintptr_t met;
	int met_how;
	int keeps;
	struct calls_thread calls;
};

void calls_keep(struct calls_thread *thread);
void calls_resume(const struct calls_thread *thread);

void pool_begin(unsigned slots); /* an empty pool that can make so many, 64 at most */
void pool_switch(struct pool_thread *from, const struct pool_thread *to);
void pool_warm(struct pool_thread *thread); /* as after a first wait */
void pool_has_met(struct pool_thread *thread, const fifolock_t *lock, unsigned mode,
		  enum fl_met_how how); /* others, when it asked there last */
void pool_spare(void);			/* one more that is free */
void pool_thread_ends(void);
bool pool_complete(void); /* every slot made is free */
bool pool_is_top(uintptr_t at);
bool pool_has_free(void);
void handed_begin(void); /* nothing is handed over */
void role_begin(
	bool unpaid); /* no thread keeps a role; to keep one with no thread in line pays */
unsigned pool_made(void);
uint32_t pool_id(uint64_t top); /* of the first that is free */
const void *pool_memory(size_t *size);
const char *pool_name(const void *at);

#endif
