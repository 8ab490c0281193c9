/* SPDX-License-Identifier: MIT
 *
 * fifolock/modes.h - mode tables: which holds may exist beside each other.
 *
 * A lock is taken in a mode, a small number.  Its mode table says for each mode beside which holds
 * one more hold is granted.  There are ready-made tables, and functions that make others:
 *
 *	struct fifolock_mode rw[] = {
 *		{.name = "write", .max = 1, .conflicts = 1u << 1},
 *		{.name = "read", .conflicts = 1u << 0},
 *	};
 *	fifolock_modes_t modes;
 *	char why[200];
 *
 *	if (fifolock_modes_compile(&modes, rw, 2, why, sizeof(why)))
 *		fputs(why, stderr);
 *
 * A table is plain data.  It may be static, copied, and shared by any number of locks.  It must
 * stay in memory, unchanged, for as long as a lock uses it.
 *
 * Every int function here returns 0 or a positive error number, leaves errno alone, and writes its
 * output only when it returns 0.  None waits.  Any thread may call them, and with why NULL a
 * signal handler, too.
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

/* ---- fifolock_modes(3): which holds may exist beside each other ---- */

/* The modes of the ready-made tables, the same numbers in all of them. */
enum {
	FIFOLOCK_EXCLUSIVE = 0,
	FIFOLOCK_SHARED = 1,
	FIFOLOCK_UPDATE = 2,
	FIFOLOCK_INTENT_SHARED = 3,
	FIFOLOCK_INTENT_EXCLUSIVE = 4,
	FIFOLOCK_SHARED_INTENT_EXCLUSIVE = 5,
};

/* The most modes that a table can have. */
#define FIFOLOCK_MAX_MODES 16

/* Private: one mode, compiled. */
struct fifolock_row {
	uint64_t unit;
	uint64_t bias;
	uint64_t guard;
	uint64_t field;
};

/* A mode table.  Its fields are private.  Its size and what is in it belong to the ABI, as a
 * compiler may have made it (fifolock/modes.hpp). */
typedef struct fifolock_modes {
	uint32_t at_once;
	uint32_t flags;
	bool (*compatible)(const uint32_t holds[], unsigned mode, void *ctx);
	void *ctx;
	struct fifolock_row rows[FIFOLOCK_MAX_MODES];
	uint32_t capacity[FIFOLOCK_MAX_MODES];
	const char *names[FIFOLOCK_MAX_MODES];
	uintptr_t open;
	void *stats;
	uint32_t count;
	uint32_t unused;
	void *reserved;
} fifolock_modes_t;

/* EXCLUSIVE alone: one holder at a time. */
extern FIFOLOCK_API const fifolock_modes_t fifolock_mutex_modes;

/* EXCLUSIVE, SHARED: one writer or many readers.  A lock of all zero bytes uses this table. */
extern FIFOLOCK_API const fifolock_modes_t fifolock_shared_exclusive_modes;

/* EXCLUSIVE, SHARED, UPDATE.  UPDATE goes with SHARED, but not with another UPDATE: for a reader
 * that may have to write later, and then converts its hold to EXCLUSIVE. */
extern FIFOLOCK_API const fifolock_modes_t fifolock_update_modes;

/* All six, for a tree whose nodes are locked from the root down, as databases do it (Gray et al.,
 * "Granularity of Locks in a Shared Data Base", 1975).  What may be held together:
 *
 *			X  S  U  IS IX SIX
 *	EXCLUSIVE	.  .  .  .  .  .
 *	SHARED		.  +  +  +  .  .
 *	UPDATE		.  +  .  +  .  .
 *	INTENT_SHARED	.  +  +  +  +  +
 *	INTENT_EXCL.	.  .  .  +  +  .
 *	SHARED_INT_EX.	.  .  .  +  .  . */
extern FIFOLOCK_API const fifolock_modes_t fifolock_intent_modes;

/* Make the table of a semaphore: one mode, number 0, of which at most size holds, 1 or more, exist
 * at once.
 *
 *	ERANGE	size is 0
 *	EINVAL	out is NULL */
FIFOLOCK_API int fifolock_modes_semaphore(fifolock_modes_t *out, uint32_t size);

/* One mode, as fifolock_modes_compile takes it.  A field that is zero sets no rule. */
struct fifolock_mode {
	/* For messages.  The table keeps the pointer.  NULL: its number. */
	const char *name;
	/* So many holds of this mode at once; 0: as many as there is room for. */
	uint32_t max;
	/* Bit x: not granted while a hold of mode x exists. */
	uint32_t conflicts;
	/* One entry for each mode, or NULL: granted while fewer than limits[x]
	 * holds of mode x exist; 0: no limit. */
	const uint32_t *limits;
};

/* Make a table of count modes, 1 to 16.  A rule is for requests of the mode in which it is written.
 * So a conflict in one direction is possible: it makes requests of that mode wait, and leaves
 * those of the other alone.
 *
 * All holds are counted in 61 bits: a mode with max M takes 1 + ceil(log2(M)) of them, and modes
 * with max 0 share what is left.
 *
 *	EINVAL	no modes, or more than 16; a conflict with a mode that is not there; out or
 *		modes is NULL
 *	ERANGE	the modes do not fit into 61 bits
 *
 * On an error why, if it is not NULL, gets a sentence that names the mode and the reason, of at
 * most why_size bytes with its final NUL. */
FIFOLOCK_API int fifolock_modes_compile(fifolock_modes_t *out,
					const struct fifolock_mode modes[],
					unsigned count, char *why, size_t why_size);

/* Make a table whose rule is a function: compatible(holds, mode, ctx) says whether one more hold of
 * mode is granted while holds[x] holds of each mode x exist.  A request for n holds is granted
 * where n requests for one, one after the other, would be.  A request that the function never
 * allows waits for ever, and all that come after it.  At most max_each holds of each mode, 1 or
 * more, exist at once.
 *
 * The function must depend on its arguments alone.  It is called inside lock and unlock, by the
 * thread or the signal handler that called these, and perhaps several times for one request.  It
 * must not call this library with the lock.
 *
 *	EINVAL	no modes, or more than 16; out or compatible is NULL
 *	ERANGE	max_each is 0; the modes do not fit into 61 bits */
FIFOLOCK_API int fifolock_modes_predicate(
	fifolock_modes_t *out, unsigned count, uint32_t max_each,
	bool (*compatible)(const uint32_t holds[], unsigned mode, void *ctx), void *ctx);

/* The mode's capacity: how many holds of it can exist at once.  0: it is not in the table. */
FIFOLOCK_API uint32_t fifolock_modes_capacity(const fifolock_modes_t *modes,
					      unsigned mode);

/* Say whether a hold belongs to the thread that took it.  Only the debug build looks at that: it
 * refuses and reports an unlock by another thread.  The ready-made tables say yes; those that
 * were made by a function say no until told otherwise.  Before a lock uses the table.
 *
 *	EINVAL	modes is NULL */
FIFOLOCK_API int fifolock_modes_owner_checked(fifolock_modes_t *modes, bool yes);

/* Tell the library of a table that none of these functions has made, but a compiler, perhaps in
 * read-only memory: fifolock/modes.hpp makes such tables, and tells of them before main.  It is
 * for race detectors; without one nothing happens.  Before a lock uses the table; not by two
 * threads at once.  NULL is no table, and nothing happens. */
FIFOLOCK_API void fifolock_modes_announce(const fifolock_modes_t *modes);

#ifdef __cplusplus
}
#endif

#endif
