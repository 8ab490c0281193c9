/* SPDX-License-Identifier: MIT
 *
 * lock.h - the algorithm, as the public faces use it.  Layer 3.
 *
 * Arguments are taken as checked: the mode is in the table, 1 <= weight <= the
 * mode's capacity.
 */
#ifndef FL_LOCK_H
#define FL_LOCK_H

#include "park.h"
#include "queue.h"
#include "word.h"

extern const fifolock_modes_t fl_no_modes;	/* of a destroyed lock */
extern const fifolock_modes_t fl_default_modes; /* of a lock of zero bytes */

static inline const fifolock_modes_t *fl_modes_of(const fifolock_t *lock)
{
	return lock->modes ? lock->modes : &fl_default_modes;
}

/* lock->rules: the lowest bits are left alone, a pthread_mutex_t keeps its kind there. */
#define FL_MEETING     (UINT32_C(1) << 10) /* by a race detector (watch.c) */
#define FL_MET	       (UINT32_C(1) << 11)
#define FL_BOUND_SHIFT 12
#define FL_BOUND_MAX   ((UINT32_C(1) << 19) - 1)
#define FL_CLOSED      (UINT32_C(1) << 31)
#define FL_MET	       (UINT32_C(1) << 11) /* by the debug build: see debug.c */

/* Has it been closed?  Decides nothing for who is in line already. */
bool fl_closed(const fifolock_t *lock);
bool fl_closed_for_certain(fifolock_t *lock);
void fl_rule(fifolock_t *lock, uint32_t mask, uint32_t value);

/* Take the hold if nobody is in line and it fits. */
bool fl_take(fifolock_t *lock, const struct fl_want *want);

/* Sections that the caller of a join or a release is to run for others, as it holds
 * their mode now: most at first, then who they are (linked by newer) and what is
 * held for them. */
struct fl_group {
	uint32_t most;
	uint32_t count;
	struct fl_slot *oldest;
	uint64_t field;
	uint64_t unit;
};

/* Join the line with a slot.  From here the slot is the line's until its word says
 * that it has been told (perhaps at once), or until fl_leave says true.  how:
 * FL_LEAVES and so on; only who has said so may leave.  EAGAIN: the line is full.
 * group NULL: runs nobody's section. */
int fl_join(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
	    unsigned how);
int fl_join_to_run(fifolock_t *lock, struct fl_slot *slot, const struct fl_want *want,
		   struct fl_group *group);
bool fl_granted(const struct fl_slot *slot);
bool fl_leave(fifolock_t *lock, struct fl_slot *slot);
bool fl_cancel(fifolock_t *lock, struct fl_slot *slot, unsigned mode); /* the same */

/* What a slot's word says to its owner: 0 while it is in line. */
uint32_t fl_told(const struct fl_slot *slot);

/* any -> what.  The slot is its owner's from here on. */
void fl_tell(struct fl_slot *slot, uint32_t what);

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
 * line.  Otherwise 0, or why it was refused.  fl_sleep does not stay awake at first;
 * fl_await_section and fl_await_request touch nothing but the slot. */
int fl_await(const fifolock_t *lock, struct fl_slot *slot,
	     const struct fl_deadline *deadline);
int fl_await_section(struct fl_slot *slot);
int fl_await_request(struct fl_slot *slot, const struct fl_deadline *deadline);
int fl_sleep(struct fl_slot *slot, const struct fl_deadline *deadline);

/* Sleep until one of these bits is in the slot's word: which; 0: the deadline has passed. */
uint32_t fl_sleep_until(struct fl_slot *slot, uint32_t bits,
			const struct fl_deadline *deadline);

void fl_seats_hide(void); /* from a race detector */

/* A claimed slot will be told, or unclaimed, very soon: wait for either. */
void fl_await_claim(struct fl_slot *slot);

/* Is anybody in line?  If so, no later request passes whoever was seen there. */
bool fl_confirm(fifolock_t *lock);

/* For a caller who has a hold: does a thread wait in line?  No matter what: whoever gets in
 * line after that, or is scanning, knows all that the caller did before. */
bool fl_awaited(fifolock_t *lock);

/* Give back units, all of one field, and let in who then fits.  EPERM. */
int fl_release(fifolock_t *lock, uint64_t field, uint64_t units);
int fl_release_to(fifolock_t *lock, uint64_t field, uint64_t units,
		  struct fl_group *group);

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

/* The lock has been closed: turn away those who wait at conditions with it (cond.c). */
void fl_cond_closed(const fifolock_t *lock);

/* Does the table allow what the slot wants where the holds are those of word? */
bool fl_slot_fits(const fifolock_modes_t *modes, const struct fl_slot *slot,
		  uint64_t word);

#endif
