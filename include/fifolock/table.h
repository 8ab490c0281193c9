/* SPDX-License-Identifier: MIT
 *
 * fifolock/table.h - a lock for each key: rows, paths, inodes, sessions; sets of keys, trees.
 *
 *	fifolock_table_t *table;
 *	fifolock_hold_t hold;
 *
 *	fifolock_table_create(&table, NULL, NULL);		// shared/exclusive
 *
 *	fifolock_table_lock(table, fifolock_key(42), FIFOLOCK_EXCLUSIVE, &hold);
 *	...
 *	fifolock_table_unlock(&hold);
 *
 * Link with -lfifolock-table (pkg-config fifolock-table).
 *
 * Each key has a lock of its own, with all that fifolock/fifolock.h says of one: requests for one
 * key are granted strictly in the order in which they came, and those for different keys have
 * nothing to do with each other.  The lock is born with the first request for the key and is gone
 * with its last hold and last request, so a table takes memory for the keys that are in use at one
 * time, whatever the number of keys there are.
 *
 * Results, deadlines and callers are as in fifolock/fifolock.h, except that no function of this
 * header may be called by a signal handler.  Where no more is said of them,
 *
 *	EINVAL	a pointer is NULL, the mode is not in the table of modes, a key's bytes are NULL or
 *		too many, or a hold names nothing
 *	ENOMEM	there is no memory for the key's lock (a key in use needs none), or in a table with
 *		records (options) for the record, or for a place in line
 *	EAGAIN	there are more than 2^31 requests and holds of this key already
 *
 * Some calls use liburcu, which keeps a record of each thread that does, and has a thread of its own for
 * the process, made by the first fifolock_table_create.  It ends the program if it gets no memory for
 * these, or for what a new table finds keys by.
 *
 * A thread that waits for a key must not be inside a read-side critical section of the table's RCU
 * flavour: all memory that is to be freed would wait with it.
 *
 * In a child after fork() tables may be used only if no other thread of the parent was in a call on any
 * table, and none held or waited for a key of theirs.  The library tells liburcu-bp of each fork:
 * a program that does so itself must not let it, and names that flavour in the options of its tables.
 * (A fork then waits for what is just being freed, some milliseconds: so no fork inside a read-side
 * critical section of liburcu-bp.)
 */
#ifndef FIFOLOCK_TABLE_H
#define FIFOLOCK_TABLE_H

#include <fifolock/request.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- fifolock_table_create(3): make a table, end its use ---- */

/* A key: an integer, or any bytes, less than 2^32 of them (EINVAL).  An integer is never equal to bytes.
 * Bytes must stay for the time of the call only: the table copies what it needs. */
typedef struct fifolock_key_object {
	const void *bytes; /* NULL: the key is the integer n */
	uint64_t n;	   /* otherwise how many bytes */
} fifolock_key_t;

static inline fifolock_key_t fifolock_key(uint64_t number)
{
	fifolock_key_t key = {NULL, number};

	return key;
}

static inline fifolock_key_t fifolock_key_bytes(const void *bytes, size_t size)
{
	fifolock_key_t key = {bytes ? bytes : "", bytes || !size ? size : UINT64_MAX};

	return key;
}

static inline fifolock_key_t fifolock_key_text(const char *text)
{
	return fifolock_key_bytes(text, strlen(text));
}

/* A table; what it is made of is private. */
typedef struct fifolock_table fifolock_table_t;

struct rcu_flavor_struct;
struct fifolock_deadlock;

/* What a table can be told when it is made.  Zero sets the default. */
struct fifolock_table_options {
	/* For reports. Kept as a pointer. */
	const char *name;
	/* About how many keys will be in use at one time.  Up to there a lock call finds its key's
	 * lock without a search, mostly; each takes 128 bytes for as long as the table exists.
	 * Default: 1024, or 256 for each processor if that is more. */
	size_t keys;
	/* The RCU flavour of liburcu that protects look-ups (&rcu_flavor of one of its headers).
	 * Each thread that uses the table must be registered with it.  Default: the one that needs
	 * no registration (liburcu-bp). */
	const struct rcu_flavor_struct *flavor;
	/* Deadlocks (fifolock_table_deadlocks).  A thread that has waited for so many
	 * nanoseconds looks whether its request ever can be granted, and again each time as many
	 * have passed.  0: no thread looks.  No thread looks for a request with a callback: where
	 * all that wait are such, let a timer call fifolock_table_deadlocks. */
	uint64_t deadlock_after_ns;
	/* Keep records of what each owner holds and waits for, also if deadlock_after_ns is 0.  A
	 * table of modes that counts counts then as cancelled what times out or is refused. */
	bool records;
	/* The youngest request of a deadlock that has been found is refused with EDEADLK. */
	bool deadlock_refuse;
	/* Called for each deadlock that keeps a thread waiting and that this has found, in that
	 * thread; once for each deadlock.  If its youngest request is refused, that call may return
	 * before this one is made.  Also for two conversions of one key, of which the later is
	 * refused in any case.  It must not jump or throw out. */
	void (*on_deadlock)(const struct fifolock_deadlock *deadlock, void *ctx);
	void *ctx;
	uint64_t reserved[4]; /* 0 */
};

/* Make a table whose locks use the mode table (NULL: shared/exclusive), which must stay in memory,
 * unchanged.  options may be NULL.
 *
 *	ENOMEM
 *	EINVAL	table is NULL; a reserved field is not 0; keys is more than 2^24 */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_table_create(fifolock_table_t **table, const fifolock_modes_t *modes,
		      const struct fifolock_table_options *options);

/* End its use and free its memory.  No other thread may be inside a call on it.  May wait for an
 * RCU grace period, some milliseconds.
 *
 *	EBUSY	a key is held or waited for
 *	EINVAL	table is NULL */
FIFOLOCK_API int fifolock_table_destroy(fifolock_table_t *table);

/* ---- fifolock_table_lock(3): take holds of keys and give them back ---- */

/* A hold of a key, in the caller's memory; the fields are private.  It says where the key's lock
 * is, so giving it back needs no search.  It may be copied, and one of the copies used. */
typedef struct fifolock_hold {
	fifolock_table_t *table;
	void *entry;
	uint32_t mode;
	uint32_t n;
	void *record;
} fifolock_hold_t;

/* Take a hold of the key; wait in the key's line for it as long as it takes.  *hold is written if the
 * result is 0.
 *
 *	EDEADLK	refused, as the youngest request of a deadlock (options)
 *	EINVAL, ENOMEM, EAGAIN	as above */
FIFOLOCK_API int fifolock_table_lock(fifolock_table_t *table, fifolock_key_t key,
				     unsigned mode, fifolock_hold_t *hold);

/* The same if no request for the key is in line and the hold fits beside those that exist.  Does not
 * wait.
 *
 *	EBUSY	a request for the key is in line, or the hold does not fit
 *	EINVAL, ENOMEM, EAGAIN	as above */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_table_trylock(fifolock_table_t *table,
							 fifolock_key_t key,
							 unsigned mode,
							 fifolock_hold_t *hold);

/* The same, in line until the deadline at most (NULL: as long as it takes).
 *
 *	ETIMEDOUT  the deadline passed first
 *	EINVAL	also: the deadline is no time on CLOCK_MONOTONIC
 *	EDEADLK, ENOMEM, EAGAIN	 as above */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_table_timedlock(fifolock_table_t *table, fifolock_key_t key, unsigned mode,
			 const struct timespec *deadline, fifolock_hold_t *hold);

/* The same three with a weight, as fifolock_lock_n.  ERANGE: n is 0, or more than the mode's capacity.
 * EINVAL, EDEADLK, ENOMEM, EAGAIN. */
FIFOLOCK_API int fifolock_table_lock_n(fifolock_table_t *table, fifolock_key_t key,
				       unsigned mode, uint32_t n, fifolock_hold_t *hold);
/* EINVAL, ERANGE, EBUSY, ENOMEM, EAGAIN. */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_table_trylock_n(fifolock_table_t *table,
							   fifolock_key_t key,
							   unsigned mode, uint32_t n,
							   fifolock_hold_t *hold);
/* EINVAL, ERANGE, ETIMEDOUT, EDEADLK, ENOMEM, EAGAIN. */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_table_timedlock_n(fifolock_table_t *table, fifolock_key_t key, unsigned mode,
			   uint32_t n, const struct timespec *deadline,
			   fifolock_hold_t *hold);

/* Give the hold back, as fifolock_unlock.  Any thread may.  Afterwards the hold names nothing.  Does not
 * wait, except very briefly, in a table with records, for a thread that looks at these.  When the hold
 * is gone, the call touches nothing that the key guards, nor *hold.
 *
 *	EINVAL	hold is NULL, or names nothing
 *	EPERM	no such hold exists */
FIFOLOCK_API int fifolock_table_unlock(fifolock_hold_t *hold);

/* Write to *key which key it is a hold of.  Its bytes are the table's, and stay until the hold is given
 * back.
 *
 *	EINVAL	hold is NULL or names nothing; key is NULL */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_hold_key(const fifolock_hold_t *hold,
						    fifolock_key_t *key);

/* As fifolock_convert: the hold, of weight 1, gets another mode.  After an error it is what it was.
 *
 *	EDEADLK	another conversion waits for this hold to go; or refused, as the youngest request of
 *		a deadlock
 *	ERANGE	the hold's weight is not 1
 *	EPERM	no such hold exists
 *	EINVAL, ENOMEM	as above */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_table_convert(fifolock_hold_t *hold,
							 unsigned to);

/* As fifolock_tryconvert.
 *
 *	EBUSY	another hold is in the way
 *	EINVAL, ERANGE, EPERM  as above */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_table_tryconvert(fifolock_hold_t *hold,
							    unsigned to);

/* As fifolock_timedconvert, with a deadline that may be NULL.
 *
 *	ETIMEDOUT  the deadline passed first
 *	EINVAL	also: the deadline is no time on CLOCK_MONOTONIC
 *	EDEADLK, ERANGE, EPERM, ENOMEM	as above */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_table_timedconvert(fifolock_hold_t *hold, unsigned to,
			    const struct timespec *deadline);

/* Make sure that the hold is at least as strong as one of this mode: convert it, if it is not, to the
 * weakest mode that is as strong as both (fifolock_modes_stronger).  For a transaction that comes to
 * a key again.
 *
 *	EINVAL	also: no mode is as strong as both
 *	EDEADLK, ERANGE, EPERM, ENOMEM	as fifolock_table_convert */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_table_strengthen(fifolock_hold_t *hold,
							    unsigned mode);

/* Write to *mode which mode it is a hold of.
 *
 *	EINVAL	hold is NULL or names nothing; mode is NULL */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_hold_mode(const fifolock_hold_t *hold,
						     unsigned *mode);

/* The key's lock, to look at it as long as the hold is there: fifolock_contended, fifolock_waiting,
 * fifolock_holds, fifolock_snapshot, fifolock_dump.  What changes a lock is not for it.  NULL: hold is
 * NULL or names nothing. */
FIFOLOCK_API fifolock_t *fifolock_hold_lock(const fifolock_hold_t *hold);

/* As fifolock_run: run section(arg) while the mode of the key is held.  In a table with records a
 * section is not run by another thread.
 *
 *	EINVAL, EDEADLK, ENOMEM, EAGAIN	 as above: the section has not run */
FIFOLOCK_API int fifolock_table_run(fifolock_table_t *table, fifolock_key_t key,
				    unsigned mode, void (*section)(void *arg), void *arg);

/* ---- fifolock_table_request(3): take a place in a key's line, be granted later ---- */

/* One request, in the caller's memory, where it must stay until it has ended, as a fifolock_request_t
 * must.  The fields are private but hold, which is the hold when it has been granted. */
typedef struct fifolock_key_request {
	fifolock_hold_t hold;
	fifolock_request_t request;
	void (*done)(void *ctx, int status);
	void *ctx;
} fifolock_key_request_t;

/* As fifolock_request.  done must not be NULL.
 *
 *	0	held; done is not called
 *	EINPROGRESS  in line.  done will be called once, where a callback of fifolock_request
 *		would: with 0 if it has been granted, with EDEADLK if it was refused as the youngest
 *		request of a deadlock
 *	EINVAL, ERANGE, ENOMEM, EAGAIN	as above */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_table_request(fifolock_table_t *table, fifolock_key_t key, unsigned mode,
		       uint32_t n, fifolock_key_request_t *request,
		       void (*done)(void *ctx, int status), void *ctx);

/* As fifolock_request_cancel, once for each request, which must stay until the call has returned.  0: it
 * has left, and done will not be called.
 *
 *	EALREADY  it was too late, or never in line
 *	EINVAL	request is NULL */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_table_request_cancel(fifolock_key_request_t *request);

/* As fifolock_request_run_due, for all keys in use: run the callbacks that other threads have handed
 * over.  For a program that has nothing else to do.  The result is how many it has run. */
FIFOLOCK_API uint32_t fifolock_table_run_due(fifolock_table_t *table);

/* ---- fifolock_table_lock_all(3): several keys, all or none ---- */

/* One key of a set, and what to take of it. */
struct fifolock_item {
	fifolock_key_t key;
	unsigned mode;
	/* The hold.  Of items with the same key one has it, and the others name nothing. */
	fifolock_hold_t hold;
	/* Private. */
	uint64_t hash;
	uint32_t next;
	uint32_t rank;
};

/* Take a hold of each item's key; wait for that until the deadline at most (NULL: as long as it
 * takes).  If an item cannot be had, none is held afterwards: those that were taken are given back,
 * and no item names a hold.  Of the items key and mode are read, the rest need not be initialised.
 *
 * The keys are taken one after the other in an order that all sets of the table share, whatever
 * the order of the items.  So sets alone never wait for each other in a circle.  (A thread that
 * holds keys of the table already, and waits for a set, may.)  Items with the same key are one,
 * in the weakest mode that is as strong as all of theirs; the items are not moved.  Takes time in
 * proportion to n log n, and no memory but that of new keys.
 *
 *	EINVAL	also: items have the same key, and no mode is as strong as all of theirs; the
 *		deadline is no time on CLOCK_MONOTONIC
 *	ERANGE	n is more than 2^31
 *	ETIMEDOUT, EDEADLK, ENOMEM, EAGAIN  as above */
FIFOLOCK_API FIFOLOCK_CHECKED int
fifolock_table_lock_all(fifolock_table_t *table, struct fifolock_item items[], size_t n,
			const struct timespec *deadline);

/* Give all of them back that name a hold.
 *
 *	EPERM	one of the holds does not exist; the others have been given back
 *	EINVAL	items is NULL and n is not 0 */
FIFOLOCK_API int fifolock_table_unlock_all(struct fifolock_item items[], size_t n);

/* The weakest mode of a table of modes (NULL: shared/exclusive) that is as strong as both.  A mode is
 * as strong as another one if, whatever other holds there are, it is granted only where the other
 * would be, and beside a hold of it nothing is granted that would not be beside a hold of the other.
 * Of several that are equally strong, or of which none is weaker than the others, it is the one with
 * the lowest number.
 *
 * Limits count; a hold of weight n is n holds.  So if a mode has a limit on its own number (max),
 * another one is as strong only if it is granted under that limit or a lower one, and none of the first
 * is granted beside it.  That a lock cannot count more holds is no limit.  Of a table whose rule is a
 * function it is only asked what is granted beside one hold.
 *
 *	EINVAL	there is none; one of them is not in the table; both is NULL */
FIFOLOCK_API FIFOLOCK_CHECKED int fifolock_modes_stronger(const fifolock_modes_t *modes,
							  unsigned one, unsigned other,
							  unsigned *both);

#ifdef __cplusplus
}
#endif

/* Keys in use, and deadlocks; sub-trees by path. */
#include <fifolock/table_inspect.h>
#include <fifolock/tree.h>

#endif
