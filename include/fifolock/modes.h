/* SPDX-License-Identifier: MIT
 *
 * fifolock/modes.h - what may be held together: mode tables.
 *
 * A lock is taken in a mode, named by a small number.  A mode table says, for
 * each mode, how many holds of every mode may exist when one more is granted:
 *
 *	struct fifolock_mode rw[] = {
 *		{ .name = "write", .max = 1, .conflicts = 1u << 1 },
 *		{ .name = "read",            .conflicts = 1u << 0 },
 *	};
 *	fifolock_modes_t modes;
 *	char why[200];
 *
 *	if (fifolock_modes_compile(&modes, rw, 2, why, sizeof(why)))
 *		fputs(why, stderr);
 *
 * A compiled table is plain data.  It may be static, copied, and shared by any
 * number of locks; it must not change and must stay in memory for as long as
 * a lock uses it.  Every function here returns 0 or a positive errno, leaves
 * errno alone, and writes its output only when it returns 0.  All of them may
 * be called from any thread and, with why NULL, from a signal handler.
 */
#ifndef FIFOLOCK_MODES_H
#define FIFOLOCK_MODES_H

#include <fifolock/version.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Ready-made tables.  The mode numbers are the same in all of them. */
enum {
	FIFOLOCK_EXCLUSIVE = 0,
	FIFOLOCK_SHARED = 1,
	FIFOLOCK_UPDATE = 2,
	FIFOLOCK_INTENT_SHARED = 3,
	FIFOLOCK_INTENT_EXCLUSIVE = 4,
	FIFOLOCK_SHARED_INTENT_EXCLUSIVE = 5,
};

#define FIFOLOCK_MAX_MODES 16

/* One mode, compiled (src/word.h explains the arithmetic).  Private. */
struct fifolock_row {
	uint64_t unit;
	uint64_t bias;
	uint64_t guard;
	uint64_t field;
};

/* A compiled mode table.  Its size is part of the ABI, its fields are not. */
typedef struct fifolock_modes {
	uint32_t count;
	uint32_t flags;
	bool (*compatible)(const uint32_t holds[], unsigned mode, void *ctx);
	void *ctx;
	struct fifolock_row rows[FIFOLOCK_MAX_MODES];
	uint32_t capacity[FIFOLOCK_MAX_MODES];
	const char *names[FIFOLOCK_MAX_MODES];
	uintptr_t open;
	void *stats;
	void *reserved[2];
} fifolock_modes_t;

/* {EXCLUSIVE}: one holder. */
extern FIFOLOCK_API const fifolock_modes_t fifolock_mutex_modes;

/* {EXCLUSIVE, SHARED}: one writer or many readers.  Locks of all zero bytes
 * use this table. */
extern FIFOLOCK_API const fifolock_modes_t fifolock_shared_exclusive_modes;

/* {EXCLUSIVE, SHARED, UPDATE}: UPDATE goes with SHARED but not with itself,
 * for the reader that may want to write later. */
extern FIFOLOCK_API const fifolock_modes_t fifolock_update_modes;

/* All six: granular locking as databases do it (Gray et al., "Granularity of
 * Locks in a Shared Data Base", 1975).  What goes together:
 *
 *			X  S  U  IS IX SIX
 *	EXCLUSIVE	.  .  .  .  .  .
 *	SHARED		.  +  +  +  .  .
 *	UPDATE		.  +  .  +  .  .
 *	INTENT_SHARED	.  +  +  +  +  +
 *	INTENT_EXCL.	.  .  .  +  +  .
 *	SHARED_INT_EX.	.  .  .  +  .  . */
extern FIFOLOCK_API const fifolock_modes_t fifolock_intent_modes;

/* A semaphore: one mode, number 0, at most size (1 and up) held at once.
 * ERANGE size 0.  EINVAL out NULL. */
FIFOLOCK_API int fifolock_modes_semaphore(fifolock_modes_t *out, uint32_t size);

/* One mode, as its author writes it.  Zeroed members mean "no rule". */
struct fifolock_mode {
	const char *name;	/* for messages; kept by pointer; NULL: its number */
	uint32_t max;		/* holds of this mode at once; 0: as many as fit */
	uint32_t conflicts;	/* bit x: not granted while mode x is held */
	const uint32_t *limits; /* NULL, or one entry per mode: granted while
				 * fewer than limits[x] hold x; 0: no limit */
};

/* Compile count modes, 1 to 16.  A rule binds the mode it is written in, so a
 * one-sided conflict is legal: it only keeps its own mode waiting.
 *
 *	EINVAL	no modes or too many, a conflict with a mode that is not there, out or
 *		modes NULL
 *	ERANGE	the holds of all modes do not fit the lock's 61 bits
 *
 * On error why (if not NULL; at most why_size bytes, NUL included) says in a
 * sentence which mode and what is wrong.  A mode with max M takes
 * 1 + ceil(log2(M)) bits; modes with max 0 share what is left. */
FIFOLOCK_API int fifolock_modes_compile(fifolock_modes_t *out,
					const struct fifolock_mode modes[],
					unsigned count, char *why, size_t why_size);

/* A table whose rule is a function: compatible(holds, mode, ctx) says whether
 * one more hold of mode is granted while holds[x] of each mode x are held.  It
 * must be a pure function of its arguments.  It runs inside lock and unlock,
 * in whatever thread or signal handler these run, possibly several times per
 * request; it must not touch the lock.  n holds in one step are granted where
 * n single ones, one after the other, would be.  A request that the rule never allows
 * waits for ever, and all behind it.  At most max_each (1 and up) of each mode
 * are held at once.  EINVAL, ERANGE as for compile; ERANGE also max_each 0. */
FIFOLOCK_API int fifolock_modes_predicate(
	fifolock_modes_t *out, unsigned count, uint32_t max_each,
	bool (*compatible)(const uint32_t holds[], unsigned mode, void *ctx), void *ctx);

/* How many holds of mode can exist at once; 0 for a mode that is not there. */
FIFOLOCK_API uint32_t fifolock_modes_capacity(const fifolock_modes_t *modes,
					      unsigned mode);

/* Say whether each hold belongs to the thread that took it.  Only the debug
 * build looks: there, a release by another thread is refused and reported.
 * The four presets say yes; semaphores, compiled and predicate tables say no
 * until told.  EINVAL modes NULL. */
FIFOLOCK_API int fifolock_modes_owner_checked(fifolock_modes_t *modes, bool yes);

#ifdef __cplusplus
}
#endif

#endif
