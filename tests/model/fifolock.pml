/* SPDX-License-Identifier: MIT
 *
 * fifolock.pml - the protocol of src/lock.c, src/queue.c and src/wait.c, small
 * enough that spin can walk every interleaving of a few threads.
 *
 * A thread is a loop; `at` says where it is.  Each choice of the loop is one step as
 * other threads see it: one atomic instruction of the source or one system call, with
 * the private work that follows it.
 *
 *	step            in src/
 *	IDLE            lock.c   fl_take; fifolock.c take_at_once, trylock
 *	PUSH            queue.c  fl_line_join; pool.c fl_slot_for_wait
 *	LOOK            queue.c  fl_line_has_arrivals, as asked by lock.c announce
 *	ANNOUNCE        lock.c   announce of an arrival: the swap
 *	LOOK_AGAIN      lock.c   the last lines of fl_join
 *	ANNOUNCE_ANY    lock.c   announce(lock, NULL)
 *	DEPARTURES      queue.c  fl_line_settle: the swap of left
 *	ARRIVALS        queue.c  take_arrivals, admit, append; reap, cut
 *	COLLECT         lock.c   collect, claim, batch_add; the commit in scan
 *	UNCLAIM         lock.c   put_back, unclaim; queue.c fl_line_put_back
 *	CLEAR           lock.c   clear_rescan
 *	GRANT           lock.c   hand_over, grant
 *	WAKE            park.c   fl_unpark: the futex
 *	AWAKE           wait.c   await, doze up to ASLEEP; fl_slot_waited
 *	PARK            park.c   fl_park: the futex
 *	PARKED          the kernel; the time-out
 *	LEAVE           lock.c   fl_leave: the decision
 *	PUSH_LEFT       queue.c  fl_line_leave
 *	HOLD            lock.c   fl_release; fifolock.c release
 *	observer        fifolock.c fifolock_waiting; lock.c fl_confirm
 *
 * Of a loop of load and compare-and-swap only the swap that succeeds is a step, where
 * what it writes depends on nothing but the value it compares: the failed ones
 * leave nothing behind.  The announcement of an arrival (it looks at the line between)
 * and the scan (it works between) do load, swap and fail.
 *
 * Left out, and why that is no loss here:
 *	the pool      Slots come and go in one step.  A slot that is given back is
 *	              anybody's at once, which is more than the pool allows.
 *	spin, hover   They only read the slot's word, or yield.
 *	tickets       Only differences of them are used, for the length of the line.  The
 *	              order is kept by ghosts, which do not wrap.
 *	weak memory   All see every step at once.  The tables of orderings in the sources
 *	              are about that.
 *	misuse        Giving back what is not held (EPERM).
 *	rows          fits() is what they stand for; test_word.c walks them.
 *	reaping       In one step with the admission before it: a slot that is free
 *	              later lets nobody do what it could not do with another slot.
 *
 * What is checked (G1 to G5 as in the README):
 *	G1  at each grant nobody is before it in line; at each take nobody has arrived
 *	G2  the threads that believe that they hold are compatible; so is the word
 *	G3  nobody is stuck (invalid end state); `progress` under weak fairness
 *	G4  no request both leaves and is granted; every slot comes back
 *	G5  whoever gives back last frees the lock in that very step; after it
 *	    nobody touches the lock
 *	    SCANNING only with QUEUED, RESCAN only with SCANNING, one scanner; QUEUED while
 *	    somebody who has arrived is in line, and while no operation is on its way
 *	    only then; at the end all is zero
 *
 * Configurations are sets of -D; tests/model/run has them, and runs the broken twins.
 */

/* How many threads, slots; rounds each (0: for ever). */
#ifndef N
#define N 3
#endif
#ifndef SLOTS
#define SLOTS N
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif

/* Sets of threads, bit p for thread p.  In more than one of a kind: either. */
#ifndef X_SET
#define X_SET 0 /* asks for the exclusive mode */
#endif
#ifndef S_SET
#define S_SET 0 /* asks for the shared mode */
#endif
#ifndef O_SET
#define O_SET 0 /* asks for the odd mode, see fits() */
#endif
#ifndef P_SET
#define P_SET 0 /* patient: no deadline, cannot leave */
#endif
#ifndef D_SET
#define D_SET 0 /* has a deadline, which may come or never come */
#endif
#ifndef E_SET
#define E_SET 0 /* has a deadline, which comes */
#endif
#ifndef LEAVES
#define LEAVES 255 /* a thread leaves no more often than this */
#endif
#ifndef KEEPER
#define KEEPER 99 /* this thread gives back when all others have come and gone */
#endif

/* The broken twins, -DTWIN=BUG_x: each differs in one step, and must fail. */
#define BUG_LEAVE_SILENT       1  /* who leaves does not announce it */
#define BUG_NO_RESCAN	       2  /* news under a scanner do not set RESCAN */
#define BUG_LATE_CLEAR	       3  /* RESCAN is cleared after the look, not before it */
#define BUG_COMMIT_OVER_RESCAN 4  /* the commit clears RESCAN instead of looking again */
#define BUG_GRANT_FIRST	       5  /* grants are handed over before the commit */
#define BUG_WAKE_FIRST	       6  /* the futex is woken before the slot says GRANTED */
#define BUG_RELEASE_FIRST      7  /* a release's units are out before its scan */
#define BUG_NO_CLAIM	       8  /* a request that can leave is not claimed */
#define BUG_LEAVE_OVER_CLAIM   9  /* who is claimed may leave all the same */
#define BUG_BLIND_PARK	       10 /* the kernel does not compare before it sleeps */
#define BUG_SILENT_SLEEP       11 /* who sleeps does not say so: no ASLEEP */
#define BUG_LAZY_ARRIVAL       12 /* an arrival that fits does not scan */
#define BUG_ALWAYS_CLEAR       13 /* the commit clears QUEUED whoever is in line */
#define BUG_FAST_OVERTAKES     14 /* the fast take does not look at QUEUED */
#define BUG_NO_SECOND_LOOK     15 /* fl_join does not look again for arrivals */
#define BUG_KEEP_RESCAN	       16 /* RESCAN is not cleared */
#define BUG_DEPARTED_LAST      17 /* departures are taken after the arrivals */
#define BUG_FORGET_OUT	       18 /* a head that has left is not marked as out */
#define BUG_LATE_LINK	       19 /* the next of the batch is read after the grant */
#define BUG_TWO_SCANNERS       20 /* a release scans beside a scanner */
#define BUG_KEEP_BATCH	       21 /* a predicate's batch is kept when the word changed */
#define BUG_NO_UNCLAIM	       22 /* who is put back stays claimed */
#define BUG_MUTE_UNCLAIM       23 /* who is put back is not told */
#define BUG_PLAIN_CONFIRM      24 /* fl_confirm does not set RESCAN */
#define BUG_LAST_TOUCH	       25 /* the scanner looks at the lock after its commit */
/* What only saves work: must pass without it. */
#define SPARE_LINKER	       50 /* an arrival that finds QUEUED does not link itself */
#define SPARE_LOOK	       51 /* announce does not look whether it was taken */
#ifndef TWIN
#define TWIN 0
#endif
#define twin(x) (TWIN == BUG_##x)

/* The word. */
#define S	 1  /* one shared hold; up to 7 */
#define X	 8
#define O	 16
#define HOLDS	 31
#define RESCAN	 32
#define SCANNING 64
#define QUEUED	 128
#define WORD	 (word >> 7) & 1, (word >> 6) & 1, (word >> 5) & 1, (word / X) & 1, word & 7

#define shared(w) ((w) & 7)

/* Does one more hold, unit, fit?  S and X are the shared and the exclusive mode.  O is
 * for a predicate that no limit can say: not beside X, nor beside exactly one S.  It may
 * fit less when a hold is gone. */
#define fits(unit, w)                                                                     \
	(((unit) == S && !((w) & X)) || ((unit) == X && !((w) & HOLDS)) ||                \
	 ((unit) == O && !((w) & (X | O)) && shared(w) != 1))

/* The slot's word. */
#define ASLEEP	1
#define CLAIMED 2
#define GRANTED 4
#define LEFT	8

#define ARRAY	   (SLOTS + 1)
#define ALL	   ((1 << ARRAY) - 2)
#define of(set, i) (((set) >> (i)) & 1)
#define one(i)	   (1 << (i))

mtype = {
	IDLE, PUSH, LOOK, ANNOUNCE, LOOK_AGAIN, ANNOUNCE_ANY, DEPARTURES, ARRIVALS, COLLECT,
	UNCLAIM, CLEAR, GRANT, WAKE, AWAKE, PARK, PARKED, LEAVE, PUSH_LEFT, HOLD, LEFT_IT,
	/* of the twins */
	WAKE_EARLY, LINK_LATE, TOUCH_LATE
};

/* The lock. */
byte word;
byte line;  /* newest arrival, 0: none */
byte left;  /* newest departure */
byte first; /* head of the line: the scanner's */

/* The slots, 1 to SLOTS. */
byte state[ARRAY];
byte older[ARRAY];
byte newer[ARRAY];
byte below[ARRAY];
byte unit_of[ARRAY];
byte can_leave; /* sets of slots */
byte out;
byte parked;	/* asleep in the kernel */
byte unused = ALL;

/* Ghosts: what the properties speak of. */
byte standing;	    /* set of slots: pushed, and neither granted nor left */
byte arrived;	    /* standing, and QUEUED was set after the push */
byte before[ARRAY]; /* who stood there when this one was pushed, and still does */
byte linked;	    /* in the line proper */
byte in_s, in_x, in_o; /* threads that believe that they hold */
byte busy;	    /* threads inside an operation; those who wait are not */
byte users = N;	    /* threads that may still touch the lock */
bool freed;
bool scanner;
#ifdef VICTIM
byte victim; /* the slot of thread VICTIM while it waits */
#endif

/* Scratch, inside one step only. */
hidden byte i_, head_, last_, new_, acc_, slot_;

#define touch() assert(!freed) /* G5 */

inline set_word(value)
{
	touch();
	word = value;
	assert(!(word & SCANNING) || (word & QUEUED)); /* flags */
	assert(!(word & RESCAN) || (word & SCANNING)); /* flags */
	assert(!(word & X) || !(word & (HOLDS - X))); /* G2 */
}

/* Out of the line, by a grant or by leaving. */
inline no_longer_stands(slot)
{
	standing = standing & ~one(slot);
	arrived = arrived & ~one(slot);
	i_ = 1;
	do
	:: i_ <= SLOTS -> before[i_] = before[i_] & ~one(slot); i_++
	:: else -> break
	od;
	i_ = 0
}

inline free_slot(slot)
{
	assert(!of(unused, slot) && !of(parked, slot) && !of(linked, slot)); /* slots */
	state[slot] = 0;
	older[slot] = 0;
	newer[slot] = 0;
	below[slot] = 0;
	unit_of[slot] = 0;
	can_leave = can_leave & ~one(slot);
	out = out & ~one(slot);
	unused = unused | one(slot)
}

/* This thread will not touch the lock again.  The last one frees it. */
inline done_with_it()
{
	if
	:: ROUNDS && round == ROUNDS ->
		users--;
		if
		:: users == 0 ->
			assert(word == 0 && !line && !left && !first);		  /* G5 */
			assert(!standing && !linked && !parked && unused == ALL); /* G4 */
			freed = true
		:: else
		fi
	:: else
	fi
}

/* ---- the line (queue.c) ---- */

inline take_head(slot)
{
	touch();
	assert(of(linked, slot)); /* links */
	first = newer[slot];
	if
	:: newer[slot] -> older[newer[slot]] = older[slot]
	:: else
	fi;
	linked = linked & ~one(slot)
}

inline cut(slot)
{
	assert(of(linked, slot)); /* links */
	if
	:: slot == first -> take_head(slot)
	:: else ->
		touch();
		assert(older[slot]); /* links */
		newer[older[slot]] = newer[slot];
		if
		:: newer[slot] -> older[newer[slot]] = older[slot]
		:: else -> older[first] = older[slot]
		fi;
		linked = linked & ~one(slot)
	fi
}

/* Link what was pushed both ways, and hang it on the end. */
inline admit()
{
	if
	:: line ->
		new_ = line;
		line = 0;
		head_ = new_;
		linked = linked | one(head_);
		do
		:: older[head_] ->
			newer[older[head_]] = head_;
			head_ = older[head_];
			linked = linked | one(head_)
		:: else -> break
		od;
		if
		:: first ->
			last_ = (older[first] -> older[first] : first);
			older[head_] = last_;
			newer[last_] = head_;
			older[first] = new_
		:: else ->
			first = head_;
			if
			:: head_ != new_ -> older[head_] = new_
			:: else
			fi
		fi;
		arrived = standing;
		new_ = 0; head_ = 0; last_ = 0
	:: else
	fi
}

inline reap()
{
	do
	:: departed ->
		slot_ = departed;
		departed = below[slot_];
		if
		:: !of(out, slot_) -> cut(slot_)
		:: else
		fi;
		printf("reaps %d\n", slot_);
		free_slot(slot_)
	:: else -> break
	od;
	slot_ = 0
}

/* ---- the scanner (lock.c) ---- */

inline batch_add(slot)
{
	if
	:: b_new -> newer[b_new] = slot
	:: else -> b_old = slot
	fi;
	b_new = slot;
	b_units = b_units + unit_of[slot];
	b_count++
}

/* Take the head off; who can leave is claimed, unless it has left. */
inline claim_head()
{
	slot_ = first;
	take_head(slot_);
	if
	:: of(can_leave, slot_) && (state[slot_] & LEFT) && !twin(NO_CLAIM) ->
		printf("collects %d: it has left\n", slot_);
		out = (twin(FORGET_OUT) -> out : out | one(slot_))
	:: else ->
		printf("collects %d\n", slot_);
		if
		:: of(can_leave, slot_) && !twin(NO_CLAIM) ->
			state[slot_] = state[slot_] | CLAIMED
		:: else
		fi;
		batch_add(slot_)
	fi;
	slot_ = 0
}

#define head_fits()   (first && fits(unit_of[first], w - give + b_units))

/* Those who cannot leave are taken without a step that others could see. */
inline collect()
{
	do
	:: head_fits() && !of(can_leave, first) -> claim_head()
	:: else -> break
	od
}

/* The moment of the grant: is each of the batch next in line, still there, and fits? */
inline check_batch()
{
	acc_ = w - give;
	slot_ = b_old;
	last_ = b_count;
	do
	:: last_ ->
		assert(!before[slot_]);		    /* G1 */
		assert(!(state[slot_] & LEFT));	    /* G4 */
		assert(fits(unit_of[slot_], acc_)); /* G2 */
		acc_ = acc_ + unit_of[slot_];
		no_longer_stands(slot_);
		last_--;
		slot_ = (last_ -> newer[slot_] : 0)
	:: else -> break
	od;
	acc_ = 0; slot_ = 0
}

#define line_ended() (!first || twin(ALWAYS_CLEAR))
#define to_clear()   (SCANNING + QUEUED * line_ended() + RESCAN * twin(COMMIT_OVER_RESCAN))

#define line_ended() (!first || twin(ALWAYS_CLEAR))
#define to_clear()   (SCANNING + QUEUED * line_ended() + RESCAN * twin(COMMIT_OVER_RESCAN))

/* One swap: the batch in, SCANNING and the scanner's own hold out. */
inline commit()
{
	acc_ = (w - give + b_units) & ~to_clear();
	set_word(acc_);
	printf("commits: %d%d%d x%d s%d\n", WORD);
	assert(!arrived || (word & QUEUED)); /* G1 */
	scanner = false;
	if
	:: give -> done_with_it()
	:: else
	fi;
	give = 0; w = 0; b_new = 0; b_units = 0; acc_ = 0
}

/* The whole batch, which is not empty, to the front of the line. */
inline put_back()
{
	printf("puts back, from %d\n", b_old);
	head_ = b_old;
	linked = linked | one(head_);
	do
	:: head_ != b_new ->
		older[newer[head_]] = head_;
		head_ = newer[head_];
		linked = linked | one(head_)
	:: else -> break
	od;
	newer[b_new] = first;
	last_ = b_new;
	if
	:: first ->
		last_ = (older[first] -> older[first] : first);
		older[first] = b_new
	:: else
	fi;
	older[b_old] = last_;
	first = b_old;
	head_ = 0; last_ = 0; b_new = 0; b_units = 0
}

/* ---- what comes next ---- */

/* An operation of this thread ends; what it goes on with is in then. */
inline end_op()
{
	busy--;
	assert(busy || !(word & QUEUED) || standing); /* trylock has a cause to fail */
	at = then;
	then = 0;
	if
	:: at == LEFT_IT ->
		printf("has left\n");
		at = IDLE;
		leaves = leaves + (LEAVES < 255);
		serve();
		done_with_it()
	:: else
	fi
}

/* After the commit, while there is somebody to tell. */
inline hand_over()
{
	if
	:: b_count -> at = (twin(WAKE_FIRST) -> WAKE_EARLY : GRANT)
	:: !b_count && twin(GRANT_FIRST) && w -> b_old = 0; b_new = 0; at = COLLECT
	:: else -> b_old = 0; end_op()
	fi
}

#define first_look (twin(DEPARTED_LAST) -> ARRIVALS : DEPARTURES)

/* SCANNING was just set: w is what it made of the word. */
inline begin_scan()
{
	assert(!scanner); /* one scanner */
	scanner = true;
	w = word;
	at = first_look
}

/* The commit failed; or would have, for RESCAN. */
inline look_anew()
{
	at = (w & RESCAN -> (twin(LATE_CLEAR) -> DEPARTURES : CLEAR) : COLLECT)
}

/* ---- asking, holding (the thread as its caller sees it) ---- */

inline choose()
{
	if
	:: of(S_SET, _pid) -> unit = S
	:: of(X_SET, _pid) -> unit = X
	:: of(O_SET, _pid) -> unit = O
	fi;
	if
	:: of(P_SET, _pid) -> skip
	:: of(D_SET, _pid) -> deadline = 1
	:: of(D_SET | E_SET, _pid) && leaves < LEAVES -> deadline = 1; expires = 1
	fi
}

/* It waits no more. */
inline serve()
{
	deadline = 0; expires = 0; seen = 0;
#ifdef VICTIM
	victim = (_pid == VICTIM -> 0 : victim);
#endif
	skip
}

inline enter()
{
	serve();
	in_s = in_s + (unit == S);
	in_x = in_x + (unit == X);
	in_o = in_o + (unit == O);
	assert(in_x <= 1 && in_o <= 1 && (!in_x || in_s + in_o == 0)); /* G2 */
	at = HOLD;
	printf("holds %d\n", unit)
}

inline exit()
{
	in_s = in_s - (unit == S);
	in_x = in_x - (unit == X);
	in_o = in_o - (unit == O)
}

#define news (twin(NO_RESCAN) -> 0 : RESCAN)
#define links_itself() ((w & QUEUED) && TWIN != SPARE_LINKER)

active [N] proctype thread()
{
	byte round, leaves;
	byte unit, me;		/* the request, its slot */
	byte seen;		/* the slot's word as it went to sleep on it */
	byte w, give, departed; /* the scan: the word, its own hold, whom to reap */
	byte b_old, b_new, b_units, b_count, to_wake;
	bit deadline, expires;	/* has one; it comes */
	mtype at = IDLE, then = 0;

	do
	/* ---- lock ---- */

	/* At once, if nobody is in line and it fits. */
	:: atomic { at == IDLE && (round < ROUNDS || !ROUNDS) ->
			round = round + (ROUNDS > 0);
			choose();
			touch();
			if
			:: (!(word & QUEUED) || twin(FAST_OVERTAKES)) && fits(unit, word) ->
				assert(!arrived); /* G1 */
				set_word(word + unit);
				printf("takes %d: %d%d%d x%d s%d\n", unit, WORD);
				enter()
			:: else ->
				printf("cannot take %d: %d%d%d x%d s%d\n", unit, WORD);
				at = PUSH
			fi
		}

	/* A slot, and the push.  The load with which announce begins may go with it: one
	 * that comes later is the same as a swap that fails. */
	:: atomic { at == PUSH && unused ->
			me = 1;
			do
			:: of(unused, me) -> break
			:: else -> me++
			od;
			unused = unused & ~one(me);
			unit_of[me] = unit;
			can_leave = can_leave | (deadline << me);
			touch();
			older[me] = line;
			line = me;
			before[me] = standing;
			standing = standing | one(me);
#ifdef VICTIM
			victim = (_pid == VICTIM -> me : victim);
#endif
			printf("joins for %d as slot %d, deadline %d\n", unit, me, deadline);
			w = word;
			busy++;
			then = AWAKE;
			at = LOOK
		}

	/* Taken by a scanner already: nothing to announce. */
	:: atomic { at == LOOK ->
			touch();
			if
			:: !line && TWIN != SPARE_LOOK ->
				printf("was taken already\n");
				w = 0;
				end_op()
			:: else -> at = ANNOUNCE
			fi
		}

	:: atomic { at == ANNOUNCE ->
			touch();
			if
			:: word == w && (w & SCANNING) ->
				set_word(w | news);
				printf("announces: %d%d%d x%d s%d\n", WORD);
				arrived = standing;
				w = 0;
				end_op()
			:: word == w && !(w & SCANNING) && !twin(LAZY_ARRIVAL) &&
			   (links_itself() || fits(unit, w)) ->
				set_word(w | QUEUED | SCANNING);
				printf("announces, scans: %d%d%d x%d s%d\n", WORD);
				arrived = standing;
				begin_scan()
			:: word == w && !(w & SCANNING) && (twin(LAZY_ARRIVAL) ||
			   !(links_itself() || fits(unit, w))) ->
				set_word(w | QUEUED);
				printf("announces: %d%d%d x%d s%d\n", WORD);
				arrived = standing;
				w = 0;
				at = LOOK_AGAIN
			:: else ->
				w = word;
				at = LOOK
			fi
		}

	:: atomic { at == LOOK_AGAIN ->
			touch();
			if
			:: !line && !twin(NO_SECOND_LOOK) -> at = ANNOUNCE_ANY
			:: else -> end_op()
			fi
		}

	/* A departure, or whatever it is that a scanner should look at. */
	:: atomic { at == ANNOUNCE_ANY ->
			touch();
			arrived = standing;
			if
			:: word & SCANNING ->
				set_word(word | news);
				printf("announces: %d%d%d x%d s%d\n", WORD);
				end_op()
			:: else ->
				set_word(word | QUEUED | SCANNING);
				printf("announces, scans: %d%d%d x%d s%d\n", WORD);
				begin_scan()
			fi
		}

	/* ---- scan ---- */

	/* Departures first: whoever announced one had joined before. */
	:: atomic { at == DEPARTURES ->
			touch();
			printf("takes departures: %d\n", left);
			departed = left;
			left = 0;
			if
			:: twin(DEPARTED_LAST) -> reap(); at = COLLECT
			:: else -> at = ARRIVALS
			fi
		}

	:: atomic { at == ARRIVALS ->
			touch();
			printf("takes arrivals: %d\n", line);
			admit();
			reap();
			at = COLLECT;
			if
			:: twin(DEPARTED_LAST) -> at = DEPARTURES
			:: twin(LATE_CLEAR) && (w & RESCAN) -> at = CLEAR
			:: else
			fi
		}

	/* A claim; or, when there is nobody to claim, the commit. */
	:: atomic { at == COLLECT ->
			collect();
			if
			:: head_fits() -> claim_head()
#if TWIN == BUG_GRANT_FIRST
			:: !head_fits() && b_count -> check_batch(); hand_over()
#endif
			:: else ->
				if
				:: word == w && (!(w & RESCAN) || twin(COMMIT_OVER_RESCAN)) ->
					check_batch();
					commit();
#if TWIN == BUG_LAST_TOUCH
					at = TOUCH_LATE
#else
					hand_over()
#endif
				:: else ->
					touch();
					w = (w & RESCAN -> w : word);
					printf("has to look again: %d%d%d x%d s%d\n", WORD);
#ifdef PREDICATE
					if
					:: b_count && !twin(KEEP_BATCH) ->
						put_back();
						at = UNCLAIM
					:: else -> look_anew()
					fi
#else
					look_anew()
#endif
				fi
			fi
		}

	/* CLAIMED -> 0, each of those put back. */
	:: atomic { at == UNCLAIM ->
			slot_ = b_old;
			b_count--;
			b_old = (b_count -> newer[slot_] : 0);
			if
			:: of(can_leave, slot_) && !twin(NO_UNCLAIM) ->
				state[slot_] = state[slot_] & ~CLAIMED;
				to_wake = ((state[slot_] & ASLEEP) && !twin(MUTE_UNCLAIM) -> slot_ : 0)
			:: else
			fi;
			slot_ = 0;
			if
			:: to_wake -> at = WAKE
			:: !to_wake && b_count -> at = UNCLAIM
			:: else -> look_anew()
			fi
		}

	/* RESCAN -> 0, before the look. */
	:: atomic { at == CLEAR ->
			touch();
			at = COLLECT;
			if
			:: word == w ->
				set_word(w & ~(RESCAN * !twin(KEEP_RESCAN)));
				printf("clears RESCAN\n");
				at = (twin(LATE_CLEAR) -> COLLECT : first_look)
			:: else
			fi;
			w = word
		}

	/* any -> GRANTED.  From here on the owner may use its slot again: what of its
	 * contents is still needed was read. */
	:: atomic { at == GRANT ->
			slot_ = b_old;
			b_count--;
			b_old = (b_count && !twin(LATE_LINK) -> newer[slot_] : b_old);
			assert(slot_ && !of(unused, slot_)); /* slots */
			to_wake = ((state[slot_] & ASLEEP) && !twin(WAKE_FIRST) -> slot_ : 0);
			state[slot_] = GRANTED;
			printf("grants %d\n", slot_);
			slot_ = 0;
			if
			:: to_wake -> at = WAKE
			:: !to_wake && twin(LATE_LINK) -> at = LINK_LATE
			:: else -> hand_over()
			fi
		}

	/* By address: it may be somebody else's slot by now, who then wakes for nothing. */
	:: atomic { at == WAKE ->
			printf("wakes %d\n", to_wake);
			parked = parked & ~one(to_wake);
			to_wake = 0;
			if
			:: w && b_count && !twin(GRANT_FIRST) -> at = UNCLAIM
			:: w && !b_count && !twin(GRANT_FIRST) -> look_anew()
			:: else ->
				if
				:: twin(LATE_LINK) -> at = LINK_LATE
				:: else -> hand_over()
				fi
			fi
		}

	/* ---- wait ---- */

	:: atomic { at == AWAKE ->
			if
			:: state[me] & GRANTED ->
				free_slot(me);
				me = 0;
				enter()
			:: else ->
				state[me] = state[me] | (twin(SILENT_SLEEP) -> 0 : ASLEEP);
				seen = state[me];
				at = PARK
			fi
		}

	/* The kernel compares and sleeps in one step. */
	:: atomic { at == PARK ->
			if
			:: state[me] == seen || twin(BLIND_PARK) ->
				printf("sleeps\n");
				parked = parked | one(me);
				at = PARKED
			:: else -> at = AWAKE
			fi
		}

	:: atomic { at == PARKED && !of(parked, me) -> at = AWAKE }

	/* Who is claimed sleeps without a deadline. */
	:: atomic { at == PARKED && of(parked, me) && expires && !(seen & CLAIMED) ->
			printf("deadline\n");
			parked = parked & ~one(me);
			at = LEAVE
		}

	/* ---- leave ---- */

	:: atomic { at == LEAVE ->
			if
			:: (state[me] & GRANTED) ||
			   ((state[me] & CLAIMED) && !twin(LEAVE_OVER_CLAIM)) ->
				printf("cannot leave\n");
				at = AWAKE
			:: else ->
				printf("leaves\n");
				state[me] = state[me] | LEFT;
				no_longer_stands(me);
				busy++;
				at = PUSH_LEFT
			fi
		}

	/* From here on the slot is the scanner's. */
	:: atomic { at == PUSH_LEFT ->
			touch();
			below[me] = left;
			left = me;
			me = 0;
			unit = 0;
			then = LEFT_IT;
			if
			:: twin(LEAVE_SILENT) -> end_op()
			:: else -> at = ANNOUNCE_ANY
			fi
		}

	/* ---- unlock ---- */

	/* Under a scanner, or with nobody in line: out with it.  Else it scans, and its hold
	 * is in the word until the commit. */
	:: atomic { at == HOLD && (KEEPER != _pid || users == 1) ->
			exit();
			touch();
			assert((unit == S && shared(word)) || (unit != S && (word & unit))); /* G2 */
			busy++;
			then = IDLE;
			if
			:: (word & QUEUED) && (!(word & SCANNING) || twin(TWO_SCANNERS)) ->
				give = (twin(RELEASE_FIRST) -> 0 : unit);
				set_word((word - unit + give) | SCANNING);
				printf("releases, scans: %d%d%d x%d s%d\n", WORD);
				begin_scan();
				if
				:: twin(RELEASE_FIRST) -> done_with_it()
				:: else
				fi
			:: else ->
				set_word(word - unit);
				printf("releases: %d%d%d x%d s%d\n", WORD);
				done_with_it();
				end_op()
			fi;
			unit = 0
		}

	:: at == IDLE && ROUNDS && round == ROUNDS -> break

	/* ---- twins ---- */
#if TWIN == BUG_WAKE_FIRST
	:: atomic { at == WAKE_EARLY ->
			if
			:: state[b_old] & ASLEEP -> parked = parked & ~one(b_old)
			:: else
			fi;
			at = GRANT
		}
#endif
#if TWIN == BUG_LATE_LINK
	:: atomic { at == LINK_LATE ->
			b_old = (b_count -> newer[b_old] : 0);
			hand_over()
		}
#endif
#if TWIN == BUG_LAST_TOUCH
	:: atomic { at == TOUCH_LATE -> touch(); hand_over() }
#endif
	od
}

#ifdef OBSERVER
/* fifolock_waiting: who was seen in line is not passed, if it says so. */
active proctype observer()
{
	byte was;

	atomic {
		was = standing;
		printf("sees the set %d\n", was)
	}
	atomic {
		if
		:: was && (word & QUEUED) ->
			set_word(word | RESCAN * ((word & SCANNING) && !twin(PLAIN_CONFIRM)));
			arrived = arrived | (was & standing);
			printf("confirms: %d%d%d x%d s%d\n", WORD)
		:: else
		fi;
		was = 0
	}
}
#endif

#ifdef VICTIM
/* Until it is told, and not asleep.  Its own announcement, with the swap that may fail, is
 * beside the point: whoever has arrived is granted by others, too. */
#define in_line (victim != 0 && of(arrived, victim))
#define served	(victim == 0 || ((state[victim] & GRANTED) && !of(parked, victim)))
ltl progress { [] (in_line -> <> served) }
#endif
