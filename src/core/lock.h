/* SPDX-License-Identifier: MIT
 *
 * lock.h - the algorithm, as the public faces use it.
 *
 * Arguments are taken as checked: the mode is in the table, 1 <= weight <= the
 * mode's capacity.
 */
#ifndef FL_LOCK_H
#define FL_LOCK_H

#include "park.h"
#include "queue.h"
#include "word.h"

/* lock->rules: the lowest bits are left alone, a pthread_mutex_t keeps its kind there. */
#define FL_MEETING     (UINT32_C(1) << 10) /* by a race detector (watch.c) ... */
#define FL_MET	       (UINT32_C(1) << 11) /* ... or by the debug build (debug.c) */
#define FL_LIMIT_SHIFT 12
#define FL_LIMIT_MAX   ((UINT32_C(1) << 19) - 1)
#define FL_CLOSED      (UINT32_C(1) << 31)

/* Has it been closed?  Decides nothing for who is in line already. */
bool fl_closed(const fifolock_t *lock);
bool fl_closed_for_certain(fifolock_t *lock);
void fl_rule(fifolock_t *lock, uint32_t mask, uint32_t value);

/* Take the hold if nobody is in line and it fits. */
bool fl_take(fifolock_t *lock, const struct fl_want *want);

/* The caller of a join or a release is ready to run the sections of others, while it keeps the
 * scanner's role with a slot of its own (server).  If it is to, then who is the first, and which
 * hold it has for them all: of the mode that they are of. */
struct fl_service {
	struct fl_slot *server; /* NULL: none is needed yet */
	struct fl_slot *first;
	uint64_t field;
	uint64_t unit;
};

/* Join the line with a slot.  From here the slot is the line's until its word says
 * that it has been told (perhaps at once), or until fl_leave says true.  how:
 * FL_LEAVES and so on; only who has said so may leave.  EAGAIN: the line is full.
 * service NULL: runs nobody's section. */
int fl_join(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
	    unsigned how);
int fl_join_to_run(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
		   struct fl_service *service);
bool fl_leave(fifolock_t *lock, struct fl_slot *slot);
bool fl_cancel(fifolock_t *lock, struct fl_slot *slot, unsigned mode); /* the same */

/* The calling thread's slot for a wait on that lock.  If there is no memory for one it waits
 * until there is: ETIMEDOUT, and ECANCELED if the lock is closed meanwhile.  Its order
 * begins when it joins. */
int fl_slot_to_wait(const fifolock_t *lock, const struct fl_deadline *deadline,
		    struct fl_slot **slot);

/* Join and wait (wait.c).  deadline NULL: for as long as it takes.  ETIMEDOUT, EAGAIN,
 * ECANCELED. */
int fl_wait_in_line(fifolock_t *lock, const struct fl_want *want,
		    const struct fl_deadline *deadline);
void fl_wait_held(fifolock_t *lock,
		  const struct fl_want *want); /* no callbacks meanwhile */
int fl_wait_ahead(fifolock_t *lock, const struct fl_want *want, unsigned from,
		  const struct fl_deadline *deadline);

/* What is below, in a bracket of fl_calls_wait that began before the slot was in line.
 * Wait until a slot is told, or until the deadline: ETIMEDOUT, and it is still in
 * line.  Otherwise 0, or why it was refused.
 * fl_await_section and fl_await_request touch nothing but the slot. */
int fl_await(const fifolock_t *lock, struct fl_slot *slot,
	     const struct fl_deadline *deadline);
int fl_await_section(const fifolock_t *lock, struct fl_slot *slot);
int fl_await_request(struct fl_slot *slot, const struct fl_deadline *deadline);

void fl_seats_hide(void); /* from a race detector */

/* There is news for the scanner, besides an arrival: now there is one, or it looks again. */
void fl_announce(fifolock_t *lock);

/* Give back the hold with which this thread keeps the scanner's role, by passing both on
 * without a touch of the lock (pass.c).  False: nothing has happened, or not to the hold. */
bool fl_pass(fifolock_t *lock, unsigned mode);

/* The section of served, directly behind the server, has been run: the one behind it, which is
 * the next to be run and has been made so, while served is off the line and only to be told.
 * NULL: there is none such, or the server does not keep the role any more; it gives its hold
 * back, and then tells. */
struct fl_slot *fl_serve_next(fifolock_t *lock, struct fl_slot *server,
			      struct fl_slot *served);

/* The slot behind it is fetched while its section runs. */
void fl_serve_ahead(const struct fl_slot *served);

/* The role is kept; the caller wants it, and will scan if it took it: then word is what the
 * word has become.  news: if another thread has the role it is enough that it looks again, and
 * it is told. */
enum fl_took {
	FL_TOOK,
	FL_HEARD,  /* another thread has it, and will look again */
	FL_TAKER,  /* another thread has taken it, and is about to scan */
	FL_PASSER, /* another thread is passing it on */
	FL_MISSED, /* it has moved: look at the word again */
};
enum fl_took fl_take_role(fifolock_t *lock, uint64_t *word, bool news);

/* Is anybody in line?  If so, no later request passes whoever was seen there. */
bool fl_confirm(fifolock_t *lock);

/* For a caller who has a hold: does a thread wait in line?  No matter what: whoever gets in
 * line after that, or is scanning, knows all that the caller did before. */
bool fl_awaited(fifolock_t *lock);

/* Give back units, all of one field, and let in who then fits.  EPERM. */
int fl_release(fifolock_t *lock, uint64_t field, uint64_t units);
int fl_release_to(fifolock_t *lock, uint64_t field, uint64_t units,
		  struct fl_service *service);

/* One hold of from for what is wanted, in one step: EBUSY if that does not fit.
 * EPERM. */
int fl_exchange(fifolock_t *lock, const struct fifolock_row *from,
		const struct fl_want *want);

/* Look at the line, from the head on, until see says that it has seen enough, and say what
 * the word was.  Waits a while for a scanner to finish, so not in a signal handler.
 *
 *	0	the word was that all the while
 *	EAGAIN	it has changed while the line was looked at
 *	EBUSY	nothing was seen: another thread has been scanning for too long.  It is off
 *		its processor */
struct fl_look {
	bool (*see)(const struct fl_slot *slot, void *ctx);
	void *ctx;
	uint64_t word;
	bool closed;
};
int fl_look(fifolock_t *lock, struct fl_look *look);

/* Does the table allow what the slot wants where the holds are those of word? */
bool fl_slot_fits(const fifolock_modes_t *modes, const struct fl_slot *slot,
		  uint64_t word);

#endif
