/* SPDX-License-Identifier: MIT
 *
 * fifolock/table_inspect.h - look at a table: keys in use, owners that wait for each other.
 *
 * A part of fifolock/table.h, which includes it: what that says at its beginning, of errors, memory,
 * threads and fork, holds here, too.
 */
#ifndef FIFOLOCK_TABLE_INSPECT_H
#define FIFOLOCK_TABLE_INSPECT_H

#include <fifolock/inspect.h>
#include <fifolock/table.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- fifolock_table_deadlocks(3): find owners that wait for each other ---- */

/* A table with records (options) knows which owner holds and waits for which keys.  An owner is the
 * thread that makes the call, unless that has said otherwise: a server whose threads work for
 * several transactions says, before each piece of work, for which.  0: for itself.  The result is what it
 * has said before.
 *
 * An owner is stopped as long as one of its requests is in line, also one with a callback: it is taken to
 * give nothing back before that has been granted.  But a request with a callback that owner 0 makes
 * does not stop the thread: it is an owner of its own. */
FIFOLOCK_API uint64_t fifolock_table_owner(uint64_t owner);

/* One wait of a deadlock: owner waits for key because the owner of the next one (after the last: the
 * first) holds it, or stands before it in line. */
struct fifolock_deadlock_wait {
	fifolock_key_t key;
	unsigned mode; /* that it wants */
	uint32_t n;
	int from;	 /* a conversion: the mode it holds; otherwise -1 */
	uint64_t owner;	 /* 0: the thread itself */
	int thread;	 /* gettid() of the one that made the request */
	uint64_t age_ns; /* for how long it has waited */
	bool next_holds; /* the next owner holds the key; false: it waits before this one */
	unsigned next_mode;
};

struct fifolock_deadlock {
	const char *name;			    /* of the table */
	const struct fifolock_deadlock_wait *waits; /* one for each owner */
	size_t count;
	size_t youngest;	       /* which of them asked last */
	bool refused;		       /* the youngest is refused with EDEADLK */
	const fifolock_modes_t *modes; /* of the table */
};

/* Look now: call report(deadlock, ctx) for each deadlock, and refuse its youngest request if refuse
 * says so.  A deadlock is a set of owners of which none can go on before another one has given
 * something back; deadlines may still end it.  What is reported was so at one moment of the call.
 * One that comes about during the call, or while a request that it needs is just joining its line, may
 * be left for another look.
 * report may be NULL; it must not jump or throw out.  What it is given is not valid any more when it
 * has returned.  (A table whose rule is a function must allow beside fewer holds what it allows beside
 * more.)  Waits for no holder; the time it takes grows with all holds and requests of the table.
 *
 *	0	none was found
 *	EDEADLK	there was at least one
 *	ENOTSUP	the table has no records
 *	ENOMEM	not enough memory to look
 *	EINVAL	table is NULL */
FIFOLOCK_API int fifolock_table_deadlocks(
	fifolock_table_t *table,
	void (*report)(const struct fifolock_deadlock *deadlock, void *ctx), void *ctx,
	bool refuse);

/* Print it, for people.  EINVAL: deadlock or out is NULL. */
FIFOLOCK_API int fifolock_deadlock_print(const struct fifolock_deadlock *deadlock,
					 FILE *out);

/* ---- fifolock_table_each(3): look at the keys in use ---- */

/* One key in use, at one moment. */
struct fifolock_key_state {
	fifolock_key_t key;
	struct fifolock_snapshot lock;	     /* holds, how many wait */
	const struct fifolock_in_line *line; /* the first in_line of them */
	size_t in_line;
};

/* Call look(state, ctx) for each key that is held or waited for, until it returns false.  A key that
 * comes into use or goes out of it during the call may be left out.  Each state is of one moment,
 * the keys one after the other; only where fifolock_snapshot ends with EAGAIN each number is of
 * a moment of its own, and in_line is 0.  look may use the table; what it is given is not valid any
 * more when it has returned.  It must not jump or throw out.
 *
 *	ENOMEM
 *	EINVAL	table or look is NULL */
FIFOLOCK_API int fifolock_table_each(fifolock_table_t *table,
				     bool (*look)(const struct fifolock_key_state *state,
						  void *ctx),
				     void *ctx);

/* About how many keys are in use. */
FIFOLOCK_API size_t fifolock_table_keys(const fifolock_table_t *table);

/* How a table is written. */
enum fifolock_format { FIFOLOCK_TEXT, FIFOLOCK_JSON };

/* Print all keys in use with their holds, lines and ages: a key a line, for people, or as one JSON
 * object.  With records also the owners, as they were when the call began.
 *
 * A key that is an integer is printed as one.  Bytes that are UTF-8 are printed as a string, in which
 * quotes, backslashes and control characters are escaped as JSON has it; other bytes in hexadecimal
 * digits: as text x'00ff', in JSON an object, {"hex": "00ff"}.
 *
 *	ENOMEM	what has been printed may lack keys
 *	EINVAL	table or out is NULL; format is none of the two */
FIFOLOCK_API int fifolock_table_dump(fifolock_table_t *table, FILE *out,
				     enum fifolock_format format);

#ifdef __cplusplus
}
#endif

#endif
