/* SPDX-License-Identifier: MIT
 *
 * role.h - the scanner's role while no thread scans: which slot keeps it, and how that is found.
 *
 * Where the hold that is granted is one beside which nothing fits, nothing is left to decide
 * until it is given back.  So the role goes with it: the word says QUEUED|RESCAN without
 * SCANNING (fl_word_kept), and the slot of the thread that holds says so, too, in its note.
 * That slot, the keeper, stays at the bottom of the chain.  When its thread gives the hold
 * back it passes hold and role to the slot behind it, and writes nothing of the lock, unless there are
 * news to announce (fl_pass, pass.c).  What needs a scanner meanwhile (a departure, a closing, a look, a
 * release by another thread) takes the role from the keeper, whose hold is then like
 * any other.  The note decides, by compare-and-swap:
 *
 *	KEPT -> GIVING		the keeper's thread: about to pass it on
 *	GIVING -> 0		passed, by a store, when the heir's says KEPT
 *	GIVING -> KEPT		... not to that one
 *	0 -> PASSING -> KEPT	the scanner whose commit grants it: before, and after that
 *	PASSING -> 0		... and the commit has failed
 *	KEPT -> PASSING -> KEPT	a server's thread: the line moves on by some sections
 *	PASSING -> RECALLED	a thread with news: the one that moves it announces them
 *	RECALLED -> KEPT, 0	like PASSING
 *	KEPT -> TAKEN -> 0	the thread that takes it, and has taken the keeper out of the chain; with
 *				ORPHAN, too
 *	0 -> KEPT		the heir's, by the thread that gives it, with a store before that: no
 *				other thread writes a note that speaks of no lock
 *	|ORPHAN			the thread waits with another slot by now, or has ended, or served: the one
 *				that makes it 0 gives this one back
 *
 * A thread that makes PASSING something else does that by a read-modify-write, and finds news that
 * were left there.  One that gives the role to an heir has none to spare between the two lines; so news
 * that find GIVING are left with the heir: NEWS in the word of the slot behind (fl_slot_leave_news),
 * and then, by a read-modify-write of the note, that it was GIVING all the while.  The step that
 * would tell the heir finds them.  If the role stays after all, that is a
 * read-modify-write, too, and a scan follows.  RECALLED and GIVING are one value, as a note has room for no more:
 * a thread that finds it does the second, which is right for both.
 *
 * A slot is used again only when its note speaks of no role.  That the role rests with a slot of that lock
 * is what the note says (address and state are one word), so one that was found long ago is
 * harmless: if it says KEPT for this lock now, it is right now.
 *
 * At each moment a slot's note (for a moment two slots' notes) speaks of the lock as long as the word is kept: the next one is
 * written before the former is made 0.  So a thread that looks and finds none has been
 * overtaken, and looks again; in a signal handler, where the thread it has interrupted stands
 * still, the first look finds it.
 */
#ifndef FL_ROLE_H
#define FL_ROLE_H

#include "slot.h"
#include "thread.h"

/* In the lowest bits of a note, beside the address of the lock.  0 and 1 are those of
 * conditions (waiters.c). */
enum fl_role {
	FL_KEPT = 2,
	FL_PASSING = 3,
	FL_RECALLED = 4,
	FL_GIVING = 4,
	FL_TAKEN = 5,
	FL_KEPT_ORPHAN = 6,
	FL_TAKEN_ORPHAN = 7,
};
#define FL_ROLE_MASK UINT64_C(7)

/* Not an address: since when, if the table counts. */
#define FL_NOTE_SINCE (UINT64_C(1) << 63)

static inline uint64_t fl_role_note(const fifolock_t *lock, enum fl_role role)
{
	return (uintptr_t)lock | role;
}

/* The slot that speaks of that lock, and what it says; NULL: none was found. */
struct fl_slot *fl_role_find(const fifolock_t *lock, uint64_t *note);

/* What lock->dequeued would be, as of the keeper; false: it is not kept. */
bool fl_role_dequeued(const fifolock_t *lock, uint32_t *gone);

/* The same, and not older than the call, as the note is read by a read-modify-write. */
bool fl_role_dequeued_now(const fifolock_t *lock, uint32_t *gone);

/* from -> to, if the note says so still.  Carries all that was done before. */
bool fl_role_change(struct fl_slot *slot, uint64_t *note, uint64_t to);

/* any -> to: what it was. */
uint64_t fl_role_set(struct fl_slot *slot, uint64_t to);

/* TAKEN -> 0.  False: its thread has left it behind. */
bool fl_role_done(struct fl_slot *slot, const fifolock_t *lock);

/* The thread goes on with another slot, if this one is still needed.  False: it is not. */
bool fl_role_orphan(struct fl_slot *slot);

/* Where to look for it, and how far the line has come: hints. */
void fl_role_publish(const fifolock_t *lock, uint32_t ticket, uint32_t slot);
void fl_role_hide(void);			  /* from a race detector */
uint32_t fl_role_reached(const fifolock_t *lock); /* a ticket that has been granted */

/* Is the thread to keep the role, once it is granted, where no request is in line behind it yet?  Not if it had
 * no heir to pass it to when it did so last.  Hints. */
bool fl_role_pays(const fifolock_t *lock);
void fl_role_in_vain(const fifolock_t *lock);

/* A thread whose section others may run falls asleep, and wakes up.  Are there such?  If not, then
 * each of them will look at its slot before it sleeps, and sees what has been stored there. */
void fl_role_lies_down(const fifolock_t *lock);
void fl_role_gets_up(const fifolock_t *lock);
bool fl_role_sleepers(const fifolock_t *lock);
const uint32_t *fl_role_dormitory(const fifolock_t *lock); /* how many, for a glance */

/* The lock whose role, and the slot in which, this thread may keep: hints for its own
 * release. */
extern FL_ALL_MY const fifolock_t *fl_kept_lock;
extern FL_ALL_MY struct fl_slot *fl_kept_slot;

/* Where this thread met others last, in which mode it asked for a hold there, and how, so that it expects to meet
 * others again.  Hints. */
enum fl_met_how {
	FL_MET_BESIDE,	/* they held, too */
	FL_MET_IN_LINE, /* it had to wait */
	FL_MET_TO_RUN,	/* it had to wait for its section to be run */
};
extern FL_ALL_MY uintptr_t fl_met; /* 0: nowhere */
extern FL_ALL_MY enum fl_met_how fl_met_how;

static inline bool fl_has_met(const fifolock_t *lock, unsigned mode)
{
	return fl_met == (uintptr_t)lock + mode;
}

/* lock NULL: it met none. */
static inline void fl_meet(const fifolock_t *lock, unsigned mode, enum fl_met_how how)
{
	fl_met = lock ? (uintptr_t)lock + mode : 0;
	fl_met_how = how;
}

#endif
