/* SPDX-License-Identifier: MIT
 *
 * fifolock.pml - the protocol of src/core (queue, slot, role, scanner, scan, pass, lock, wait),
 * small enough that spin can walk every interleaving of a few threads.
 *
 * A thread is a loop; `at` says where it is.  Each choice of the loop is one step as
 * other threads see it: one atomic instruction of the source or one system call, with
 * the private work that follows it.
 *
 *	step            in src/
 *	IDLE            lock.c   fl_take; fifolock.c take_at_once, trylock
 *	PUSH            queue.c  fl_line_join; pool.c fl_slot_for_wait
 *	ANNOUNCE, LOOK  lock.c   announce_arrival, arrive; chain.c fl_line_link
 *	ANNOUNCE_ANY    scanner.c  fl_news; scan.c fl_announce
 *	FIND            scanner.c  fl_take_role: KEPT -> TAKEN, or leave_word; role.c fl_role_find
 *	FIND_HEIR       scanner.c  leave_with_heir: heir_of
 *	LEAVE_NEWS      slot.c   fl_slot_leave_news
 *	RECALL          scanner.c  leave_with_heir: that it is the same motion still
 *	RESUME          scanner.c  resume: the word
 *	DETACH          queue.c  fl_line_resume
 *	UNNOTE          role.c   fl_role_done
 *	DEPARTURES      queue.c  fl_line_settle: the swap of departed; hear, fl_line_cut
 *	ARRIVALS        queue.c  fl_line_settle: fl_chain_bottom
 *	COLLECT         scan.c   collect, take; queue.c fl_line_cut; the commit
 *	NOTE            scan.c   prepare_keeper
 *	COMMIT_KEPT     scan.c   the commit that leaves the role with it
 *	NOTE_KEPT       scan.c   settle_keeper: PASSING -> KEPT
 *	UNNOTE_AGAIN    scan.c   settle_keeper: the commit has failed
 *	UNCLAIM         scan.c   put_back, fl_unclaim; queue.c fl_line_put_back
 *	CLEAR           scan.c   clear_rescan
 *	GRANT           scan.c   hand_over, grant
 *	HOLD            pass.c   fl_pass: KEPT -> GIVING; fifolock.c release
 *	CLAIM           pass.c   fl_pass: fl_claim
 *	UNPASS          pass.c   fl_pass: GIVING -> KEPT
 *	GIVE            pass.c   entrust: the heir's note
 *	UNNOTE_MINE     pass.c   entrust: one's own note -> 0
 *	UNLINK          pass.c   entrust: the heir's older
 *	TELL            slot.c   fl_complete_without_news; scan.c hand_over
 *	RELEASE         lock.c   fl_release_to
 *	FIND_RELEASE    lock.c   role_of_holder: fl_take_role
 *	RELEASE_TAKEN   lock.c   fl_release_to while another thread takes the role
 *	WAKE            park.c   fl_unpark: the futex
 *	AWAKE           wait.c   fl_await; slot.c doze up to ASLEEP; fl_slot_waited
 *	PARK            park.c   fl_park: the futex
 *	PARKED          the kernel; the time-out
 *	LEAVE           slot.c   fl_slot_leave
 *	PUSH_LEFT       queue.c  fl_line_leave
 *	observer        fifolock.c fifolock_waiting; lock.c fl_confirm
 *
 * line, left, gone and first are arrivals, departed, dequeued and head of the lock there.
 *
 * Of a loop of load and compare-and-swap only the swap that succeeds is a step, where
 * what it writes depends on nothing but the value it compares: the failed ones
 * leave nothing behind.  The scan (it works between) does load, swap and fail.
 *
 * Left out, and why that is no loss here:
 *	the pool      Slots come and go in one step.  A slot that is given back is
 *	              anybody's at once, which is more than the pool allows.
 *	hints         Any slot may be hinted at, at any time: who uses a hint picks any
 *	              slot whose older is the right one, or finds none.
 *	walks         Of the role's owner: one step, as nobody else changes what it walks
 *	              along; each asserts that it arrives.  Of a thief: it picks any slot
 *	              whose note says so, more than a walk finds that is overtaken; that
 *	              it finds one if nobody moves is asserted.
 *	spin, yield   They only read the slot's word, or yield.
 *	tickets       Only differences of them are used, for the length of the line (COUNT).
 *	              The order is kept by ghosts, which do not wrap.
 *	weak memory   All see every step at once.  The tables of orderings in the sources
 *	              are about that.
 *	misuse        Giving back what is not held (EPERM).
 *	rows          fits() is what they stand for; word.c walks them.
 *	conversions   and callbacks, sections, other locks whose slots come here: tested and
 *	              explored, not modelled.
 *	reaping       In one step with the swap of left: cuts touch what a push at the tail,
 *	              the only step that could come between, does not.
 *
 * What is checked (G1 to G5 as in the README):
 *	G1  at each grant nobody is before it in line; at each take nobody has arrived
 *	G2  the threads that believe that they hold are compatible; so is the word
 *	G3  nobody is stuck (invalid end state); `progress` under weak fairness
 *	G4  no request both leaves and is granted; every slot comes back; whenever no
 *	    operation is on its way, no slot of a departed request is in line
 *	G5  whoever gives back last frees the lock in that very step; after it
 *	    nobody touches the lock
 *	    SCANNING only with QUEUED; RESCAN without SCANNING: the role is kept; one owner
 *	    of the role; QUEUED while somebody who has arrived is in line, and while no
 *	    operation is on its way only then or while the role is kept; a note of KEPT
 *	    only while the word says so; at the end all is zero
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
#ifndef C_SET
#define C_SET 0 /* does nothing but close the lock */
#endif
#ifndef G_SET
#define G_SET 0 /* lets thread HELPER give back what it holds */
#endif
#ifndef HELPER
#define HELPER 99
#endif
#ifndef HELPS
#define HELPS 1 /* so many times */
#endif
#ifndef LEAVES
#define LEAVES 255 /* a thread leaves no more often than this */
#endif
#ifndef LAST
#define LAST 99 /* this thread gives back when all others have come and gone */
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
#define BUG_LAZY_ARRIVAL       12 /* an arrival that has to look does not scan */
#define BUG_ALWAYS_CLEAR       13 /* the commit clears QUEUED whoever is in line */
#define BUG_FAST_OVERTAKES     14 /* the fast take does not look at QUEUED */
#define BUG_MUTE_ARRIVAL       15 /* an arrival with nobody before it says nothing */
#define BUG_KEEP_RESCAN	       16 /* RESCAN is not cleared */
#define BUG_TRUSTING_ARRIVAL   17 /* with somebody before it it trusts a scanner, too */
#define BUG_FORGET_OUT	       18 /* a head that has left is not marked as out */
#define BUG_LATE_LINK	       19 /* the next of the batch is read after the grant */
#define BUG_TWO_SCANNERS       20 /* a release scans beside a scanner */
#define BUG_KEEP_BATCH	       21 /* a predicate's batch is kept when the word changed */
#define BUG_NO_UNCLAIM	       22 /* who is put back stays claimed */
#define BUG_MUTE_UNCLAIM       23 /* who is put back is not told */
#define BUG_PLAIN_CONFIRM      24 /* fl_confirm does not set RESCAN */
#define BUG_LAST_TOUCH	       25 /* the scanner looks at the lock after its commit */
#define BUG_PLAIN_THEFT	       26 /* KEPT -> TAKEN by load and store */
#define BUG_THEFT_IN_PLACE     27 /* the thief makes the note 0, then detaches the keeper */
#define BUG_BLIND_HINT	       28 /* the slot that is hinted at need not be the next */
#define BUG_TELL_FIRST	       29 /* the successor is told before its note is there */
#define BUG_UNNOTE_LAST	       30 /* one's own note becomes 0 after the successor is told */
#define BUG_DEAF_PASS	       31 /* who passes does not announce the news that it finds */
#define BUG_DEAF_COMMIT	       32 /* nor who has committed */
#define BUG_PLAIN_EMPTY	       34 /* the tail is made 0 by load and store */
#define BUG_NO_EMPTY	       35 /* it is not made 0 */
#define BUG_BUSY_SLOT	       36 /* a slot is used again while its note is not 0 */
#define BUG_KEEP_CLOSED	       37 /* the role is kept though the lock is closed */
#define BUG_GONE_STAYS	       38 /* how many have gone is not carried along */
#define BUG_NO_CLAIM_PASS      39 /* who passes does not claim */
#define BUG_KEPT_EARLY	       40 /* the note is KEPT before the commit */
#define BUG_UNLINK_FIRST       41 /* the successor is unlinked before its note is there */
#define BUG_NO_UNSURE	       42 /* older is sure before the push */
#define BUG_RELEASE_BESIDE     43 /* a release beside a thief scans */
#define BUG_NOTE_ONLY	       44 /* news are left in a note that is GIVING, as if it were PASSING */
#define BUG_TELL_OVER_NEWS     45 /* the heir is told by a swap */
#define BUG_ANY_MOTION	       46 /* who leaves news does not look whether the role has gone on */
#define BUG_UNNOTE_FIRST       48 /* one's own note is 0 before the successor's is there */
#define BUG_UNLINK_EARLY       49 /* the successor is unlinked before one's own note is 0 */
#define BUG_SURE_EARLY	       47 /* an arrival is sure before it is announced */
#define BUG_NO_ORPHAN	       33 /* a slot that is left behind with its note is not freed */
/* What only saves thought: must pass without it. */
#define SPARE_LOOKS	       50 /* whose commit has failed does not look for RECALLED */
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
#define kept(w)	  (((w) & (SCANNING | RESCAN)) == RESCAN)

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
#define REFUSED 16
#define NEWS	32

/* The slot's note. */
#define KEPT	 1
#define PASSING	 2
#define RECALLED 3
#define GIVING	 3 /* as there: who finds it does what is right for both */
#define TAKEN	 4
#define ORPHAN	 8
#define role_of(slot) (note[slot] & 7)

/* In older: it is not yet certain that it was pushed behind that one. */
#define UNSURE	128
#define bare(o) ((o) & 127)

#define rounds (_pid == HELPER -> HELPS : ROUNDS)

#define ARRAY	   (SLOTS + 1)
#define ALL	   ((1 << ARRAY) - 2)
#define of(set, i) (((set) >> (i)) & 1)
#define one(i)	   (1 << (i))

mtype = {
	IDLE, PUSH, ANNOUNCE, LOOK, ANNOUNCE_ANY, FIND, RESUME, DETACH, UNNOTE,
	DEPARTURES, ARRIVALS, COLLECT, NOTE, COMMIT_KEPT, NOTE_KEPT, UNNOTE_AGAIN, UNCLAIM,
	CLEAR, FIND_HEIR, LEAVE_NEWS, RECALL, GRANT, HOLD, CLAIM, UNPASS, GIVE, UNLINK, UNNOTE_MINE, TELL, RELEASE, FIND_RELEASE,
	RELEASE_TAKEN, WAKE, AWAKE, PARK, PARKED, LEAVE, PUSH_LEFT, LEFT_IT, FINISHED,
	/* of the twins */
	WAKE_EARLY, LINK_LATE, TOUCH_LATE, STEAL_LATE, EMPTY_LATE, AIM
};

/* The lock. */
byte word;
byte line;  /* the tail, 0: nobody */
byte left;  /* newest departure */
byte first; /* the oldest, 0: not known: the role's owner's */
bool closed;
#ifdef COUNT
byte ticket, gone;
#endif

/* The slots, 1 to SLOTS. */
byte state[ARRAY];
byte older[ARRAY];
byte newer[ARRAY]; /* of the batch */
byte below[ARRAY];
byte note[ARRAY];
byte unit_of[ARRAY];
byte looked_at[ARRAY]; /* ghost: threads that leave news there, in this life */
#ifdef COUNT
byte gone_of[ARRAY];
#endif
byte can_leave; /* sets of slots */
byte out;
byte refused;
byte parked;	/* asleep in the kernel */
byte unused = ALL;

/* Ghosts: what the properties speak of. */
byte standing;	    /* set of slots: pushed, and neither granted nor left */
byte arrived;	    /* standing, and QUEUED was set after the push */
byte before[ARRAY]; /* who stood there when this one was pushed, and still does */
byte linked;	    /* in the chain */
byte in_s, in_x, in_o; /* threads that believe that they hold */
byte busy;	    /* threads inside an operation; those who wait are not */
byte users = N;	    /* threads that may still touch the lock */
bool freed;
bool role;	    /* somebody owns it */
byte offered;	    /* a hold for the helper */
bool shut_out;	    /* closed, and the scanner has been told */
#ifdef VICTIM
byte victim; /* the slot of thread VICTIM while it waits */
#endif

/* Scratch, inside one step only. */
hidden byte i_, head_, last_, new_, acc_, slot_, cnt_;

#define touch() assert(!freed) /* G5 */

/* A note KEPT is the only one, and the word says so; if the word says so there is a
 * note. */
inline check_notes()
{
	i_ = 1; cnt_ = 0; acc_ = 0;
	do
	:: i_ <= SLOTS ->
		cnt_ = cnt_ + (role_of(i_) == KEPT);
		acc_ = acc_ + (role_of(i_) > 0);
		i_++
	:: else -> break
	od;
	assert(!cnt_ || (cnt_ == 1 && (kept(word) || twin(KEPT_EARLY)))); /* notes */
	assert(acc_ || !kept(word));		  /* notes */
	i_ = 0; cnt_ = 0; acc_ = 0
}

inline set_word(value)
{
	touch();
	word = value;
	assert(!(word & (SCANNING | RESCAN)) || (word & QUEUED)); /* flags */
	assert(!kept(word) || !(word & (HOLDS - X)));		  /* flags */
	assert(!(word & X) || !(word & (HOLDS - X)));		  /* G2 */
	check_notes()
}

inline set_note(slot, value)
{
	note[slot] = value;
	check_notes()
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
	assert(!older[slot] && !note[slot]);				     /* slots */
	state[slot] = 0;
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
	:: ROUNDS && round == rounds ->
		users--;
		if
		:: users == 0 ->
			assert(word == QUEUED * closed && !line && !left && !first); /* G5 */
			assert(!standing && !linked && !parked);		     /* G4 */
			freed = true
		:: else
		fi
	:: else
	fi
}

/* Its arrival is known: pred|UNSURE -> pred.  In one step with that by which it is: what others may find between the
 * two they may find before the first, too. */
inline confirm()
{
	older[me] = (older[me] == (pred | UNSURE) -> pred : older[me]);
	pred = 0
}

/* ---- the line (queue.c) ---- */

/* Who stands behind that one, which is not the tail: new_. */
inline find_after(slot)
{
	new_ = line;
	i_ = 0;
	do
	:: bare(older[new_]) == slot -> break
	:: else ->
		older[new_] = bare(older[new_]);
		new_ = older[new_];
		assert(new_ && i_ < SLOTS); /* links */
		i_++
	od;
	i_ = 1;
	do
	:: i_ <= SLOTS -> assert(older[i_] != slot || i_ == new_); i_++ /* hints */
	:: else -> break
	od;
	i_ = 0
}

/* The oldest, off the line. */
inline detach(slot)
{
	touch();
	/* A keeper that is not told yet may point to the one before it. */
	assert(of(linked, slot) && !of(linked, bare(older[slot]))); /* links */
	if
	:: line == slot ->
		line = (twin(NO_EMPTY) -> line : 0);
		first = 0
	:: else ->
		find_after(slot);
		older[new_] = 0;
		first = new_;
		new_ = 0
	fi;
	older[slot] = 0;
	linked = linked & ~one(slot)
}

/* From the middle, or the end. */
inline cut(slot)
{
	touch();
	assert(of(linked, slot) && !(older[slot] & UNSURE)); /* links */
	if
	:: line == slot ->
		line = older[slot];
		first = (first == slot -> 0 : first)
	:: else ->
		find_after(slot);
		older[new_] = older[slot];
		first = (first == slot -> new_ : first);
		new_ = 0
	fi;
	older[slot] = 0;
	linked = linked & ~one(slot)
}

/* first, where it is not known and there is one. */
inline find_first()
{
	if
	:: line && !first ->
		first = line;
		i_ = 0;
		do
		:: bare(older[first]) ->
			older[first] = bare(older[first]);
			first = older[first];
			assert(i_ < SLOTS); /* links */
			i_++
		:: else -> break
		od;
		older[first] = 0;
		i_ = 0
	:: else
	fi
}

/* The slot that speaks of the lock, 0: none, as the role has moved.  Whoever has been overtaken
 * on its way may come to any that does. */
inline find_keeper()
{
	head_ = line;
	do
	:: head_ && !role_of(head_) -> head_ = bare(older[head_])
	:: else -> break
	od;
	assert(head_ || !kept(word) || twin(NO_EMPTY)); /* G3: nobody waits */
	slot_ = 1;
	do
	:: slot_ <= SLOTS && role_of(slot_) -> break
	:: slot_ <= SLOTS -> slot_++
	:: slot_ > SLOTS -> slot_ = head_; break
	od;
	head_ = 0
}

inline count_gone()
{
#ifdef COUNT
	gone++
#else
	skip
#endif
}

inline reap()
{
	do
	:: departed ->
		slot_ = departed;
		departed = below[slot_];
		if
		:: !of(out, slot_) -> cut(slot_); count_gone()
		:: else
		fi;
		printf("reaps %d\n", slot_);
		free_slot(slot_)
	:: else -> break
	od;
	slot_ = 0
}

/* ---- the scanner (scan.c) ---- */

inline batch_add(slot)
{
	if
	:: b_new -> newer[b_new] = slot
	:: else -> b_old = slot
	fi;
	b_new = slot;
	b_count++;
	if
	:: shut -> refused = refused | one(slot)
	:: else -> b_units = b_units + unit_of[slot]
	fi
}

/* Take the head off; who can leave is claimed, unless it has left. */
inline claim_head()
{
	slot_ = first;
	detach(slot_);
	count_gone();
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

/* The head is to be the keeper: it stays in line. */
inline claim_keeper()
{
	if
	:: of(can_leave, first) && (state[first] & LEFT) && !twin(NO_CLAIM) -> claim_head()
	:: else ->
		k = first;
		printf("collects %d, to keep the role\n", k);
		if
		:: of(can_leave, k) && !twin(NO_CLAIM) -> state[k] = state[k] | CLAIMED
		:: else
		fi
	fi
}

#define head_fits()   (first && !k && (shut || fits(unit_of[first], w - give + b_units)))
#define head_keeps()  (unit_of[first] == X && !b_count && (!shut || twin(KEEP_CLOSED)))

/* Those who cannot leave are taken without a step that others could see. */
inline collect()
{
	do
	:: k && shut && !twin(KEEP_CLOSED) -> /* granted, but not to keep it */
		detach(k);
		count_gone();
		shut = 0;
		batch_add(k);
		shut = 1;
		k = 0
	:: head_fits() && !head_keeps() && !of(can_leave, first) -> claim_head()
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
		assert(!before[slot_]);		 /* G1 */
		assert(!(state[slot_] & LEFT)); /* G4 */
		if
		:: of(refused, slot_)
		:: else ->
			assert(fits(unit_of[slot_], acc_)); /* G2 */
			acc_ = acc_ + unit_of[slot_]
		fi;
		no_longer_stands(slot_);
		last_--;
		slot_ = (last_ -> newer[slot_] : 0)
	:: else -> break
	od;
	acc_ = 0; slot_ = 0
}

#define line_ended() ((!first && !shut) || twin(ALWAYS_CLEAR))
#define to_clear()   (SCANNING + QUEUED * line_ended() + RESCAN * twin(COMMIT_OVER_RESCAN))

/* One swap: the batch in, SCANNING and the scanner's own hold out. */
inline commit()
{
	role = false;
	slot_ = (w - give + b_units) & ~to_clear();
	set_word(slot_);
	printf("commits: %d%d%d x%d s%d\n", WORD);
	assert(!arrived || (word & QUEUED)); /* G1 */
	if
	:: give -> done_with_it()
	:: else
	fi;
	give = 0; w = 0; b_new = 0; b_units = 0; slot_ = 0; shut = 0
}

/* The whole batch, which is not empty, to the front of the line. */
inline put_back()
{
	touch();
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
	if
	:: line -> find_first(); older[first] = b_new
	:: else -> line = b_new
	fi;
	first = b_old;
#ifdef COUNT
	gone = gone - b_count;
#endif
	head_ = 0; b_new = 0; b_units = 0
}

/* ---- what comes next ---- */

/* Nobody is in the middle of anything: what must be so then? */
inline check_rest()
{
	assert(!(word & QUEUED) || standing || kept(word) || closed); /* trylock has a cause to fail */
	assert(!role && !(word & SCANNING) && !left);		      /* G4: flat */
	i_ = 1;
	do
	:: i_ <= SLOTS ->
		assert(!(state[i_] & LEFT));			      /* G4: flat */
		assert(role_of(i_) <= KEPT);			      /* notes */
#ifdef COUNT
		acc_ = acc_ + of(linked, i_);
		cnt_ = (role_of(i_) -> i_ : cnt_);
#endif
		i_++
	:: else -> break
	od;
#ifdef COUNT
	assert(ticket - (cnt_ -> gone_of[cnt_] : gone) == acc_ - (cnt_ > 0)); /* length */
	acc_ = 0; cnt_ = 0;
#endif
	i_ = 0
}

/* An operation of this thread ends; what it goes on with is in then. */
inline end_op()
{
	if
	:: heir -> at = TELL
	:: else ->
		busy--;
		if
		:: !busy -> check_rest()
		:: else
		fi;
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

/* The role is this thread's. */
inline own_role()
{
	assert(!role); /* one owner */
	role = true
}

/* SCANNING was just set: w is what it made of the word. */
inline begin_scan()
{
	own_role();
	w = word;
	at = DEPARTURES
}

#define news (twin(NO_RESCAN) -> 0 : RESCAN)

/* After the push. */
inline announce()
{
	arrived = standing;
	if
	:: kept(word) || ((pred || twin(MUTE_ARRIVAL)) && (word & QUEUED) &&
			  (!(word & SCANNING) || twin(TRUSTING_ARRIVAL))) ->
		printf("is in line\n");
		confirm();
		end_op()
	:: else ->
		confirm();
		if
		:: word & SCANNING ->
			set_word(word | news);
			printf("announces: %d%d%d x%d s%d\n", WORD);
			end_op()
		:: !(word & SCANNING) && !twin(LAZY_ARRIVAL) ->
			set_word(word | QUEUED | SCANNING);
			printf("announces, scans: %d%d%d x%d s%d\n", WORD);
			begin_scan()
		:: else ->
			set_word(word | QUEUED);
			printf("announces: %d%d%d x%d s%d\n", WORD);
			end_op()
		fi
	fi
}

inline begin_collect()
{
	shut = closed;
	at = COLLECT
}

/* The commit failed; or would have, for RESCAN. */
inline look_anew()
{
	if
	:: (w & RESCAN) && !twin(COMMIT_OVER_RESCAN) ->
		at = (twin(LATE_CLEAR) -> DEPARTURES : CLEAR)
	:: !(w & RESCAN) && looks -> at = DEPARTURES
	:: else -> begin_collect()
	fi
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
	deadline = 0; expires = 0; seen = 0; pred = 0;
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

/* The rest of the lock's word, or of the slot, is one's own again. */
inline told()
{
	state[me] = 0;
	unit_of[me] = 0;
	newer[me] = 0;
	refused = refused & ~one(me);
	can_leave = can_leave & ~one(me)
}

#define first_of_pass \
	(twin(TELL_FIRST) -> TELL : (twin(UNLINK_FIRST) -> UNLINK : (twin(UNNOTE_FIRST) -> UNNOTE_MINE : GIVE)))

active [N] proctype thread()
{
	byte round, leaves;
	byte unit, me;		/* the request, its slot */
	byte pred;		/* whom it was pushed behind */
	byte seen;		/* the slot's word as it went to sleep on it */
	byte w, give, departed; /* the scan: the word, its own hold, whom to reap */
	byte b_old, b_new, b_units, b_count, to_wake;
	byte k, heir;		/* the keeper; who is to be told in the end */
	byte next;		/* who is to be left news */
	bit deadline, expires;	/* has one; it comes */
	bit shut;		/* the lock is closed, as the scanner knows it */
	bit looks;		/* there were news in a note */
	mtype at = IDLE, then = 0;

	do
	/* ---- lock ---- */

	/* At once, if nobody is in line and it fits. */
	:: atomic { at == IDLE && (round < rounds || !ROUNDS) && !of(C_SET, _pid) &&
		    _pid != HELPER ->
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
				at = (twin(NO_UNSURE) -> AIM : PUSH);
				if
				:: closed -> at = IDLE; unit = 0; serve(); done_with_it()
				:: else
				fi
			fi
		}

#if G_SET
	:: atomic { at == IDLE && round < rounds && _pid == HELPER && offered ->
			round++;
			unit = offered;
			offered = 0;
			at = HOLD
		}
#endif
#if C_SET
	/* Close: the rule, then the announcement. */
	:: atomic { at == IDLE && round < rounds && of(C_SET, _pid) ->
			round++;
			touch();
			closed = true;
			printf("closes\n");
			busy++;
			then = LEFT_IT;
			at = ANNOUNCE_ANY
		}
#endif

#if TWIN == BUG_NO_UNSURE
	:: atomic { at == AIM && (me || unused) ->
			if
			:: me && !note[me]
			:: else ->
				note[me] = (me -> note[me] | ORPHAN : 0);
				me = 1;
				do
				:: of(unused, me) -> break
				:: else -> me++
				od;
				unused = unused & ~one(me)
			fi;
			older[me] = line;
			pred = line;
			at = PUSH
		}
#endif

	/* A slot, and the push. */
	:: atomic { at == PUSH && (unused || (me && (!note[me] || twin(BUSY_SLOT)))) ->
			touch();
			if
			:: me && note[me] && !twin(BUSY_SLOT) ->
				printf("leaves slot %d behind\n", me);
				note[me] = (twin(NO_ORPHAN) -> note[me] : note[me] | ORPHAN);
				me = 0
			:: else
			fi;
			if
			:: !me ->
				me = 1;
				do
				:: of(unused, me) -> break
				:: else -> me++
				od;
				unused = unused & ~one(me)
			:: else
			fi;
			if
			:: twin(NO_UNSURE) && line != pred -> at = AIM
			:: else ->
				unit_of[me] = unit;
				state[me] = 0;
				can_leave = can_leave | (deadline << me);
				assert(!older[me] || twin(NO_UNSURE) || twin(BUSY_SLOT));
				pred = line;
				older[me] = (twin(NO_UNSURE) || twin(SURE_EARLY) -> line : line | UNSURE);
				line = me;
				before[me] = standing;
				standing = standing | one(me);
				linked = linked | one(me);
#ifdef COUNT
				ticket++;
#endif
#ifdef VICTIM
				victim = (_pid == VICTIM -> me : victim);
#endif
				printf("joins for %d as slot %d behind %d, deadline %d\n", unit, me,
				       pred, deadline);
				busy++;
				then = AWAKE;
				at = ANNOUNCE
			fi
		}

	/* Behind somebody, and with no scanner, it is known already; with one, if the slot before it is sure. */
	:: atomic { at == ANNOUNCE ->
			touch();
			if
			:: pred && (word & SCANNING) && !twin(TRUSTING_ARRIVAL) -> at = LOOK
			:: else -> announce()
			fi
		}

	/* What is found there decides whether the word is written, by a step that looks at it again. */
	:: atomic { at == LOOK ->
			if
			:: !(older[pred] & UNSURE) ->
				printf("is in line, as slot %d is\n", pred);
				arrived = arrived | ((before[me] | one(me)) & standing);
				confirm();
				end_op()
			:: else -> announce()
			fi
		}

	/* A departure, or whatever it is that a scanner should look at. */
	:: atomic { at == ANNOUNCE_ANY ->
			touch();
			arrived = standing;
			shut_out = shut_out || (of(C_SET, _pid) && !kept(word));
			if
			:: word & SCANNING ->
				set_word(word | news);
				printf("announces: %d%d%d x%d s%d\n", WORD);
				end_op()
			:: kept(word) -> at = FIND
			:: else ->
				set_word(word | QUEUED | SCANNING);
				printf("announces, scans: %d%d%d x%d s%d\n", WORD);
				begin_scan()
			fi
		}

	/* ---- the role: theft and ending (role.c) ---- */

	/* The keeper's note: KEPT -> TAKEN; or a message to whoever moves the role. */
	:: atomic { at == FIND ->
			touch();
			find_keeper();
			if
			:: !slot_ -> at = ANNOUNCE_ANY
			:: slot_ && role_of(slot_) == KEPT ->
				k = slot_;
				printf("takes the role from %d\n", k);
#if TWIN == BUG_PLAIN_THEFT
				at = STEAL_LATE
#else
				own_role();
				set_note(k, (note[k] & ORPHAN) | TAKEN);
				at = RESUME
#endif
			:: slot_ && role_of(slot_) == PASSING ->
				printf("recalls %d\n", slot_);
				set_note(slot_, (note[slot_] & ORPHAN) | RECALLED);
				end_op()
			:: slot_ && role_of(slot_) == RECALLED ->
				k = slot_;
				looked_at[k] = looked_at[k] | one(_pid);
				at = (twin(NOTE_ONLY) -> RECALL : FIND_HEIR)
			:: slot_ && role_of(slot_) == TAKEN -> end_op()
			fi;
			slot_ = 0
		}

	/* Behind it, as long as the role does not go on. */
	:: atomic { at == FIND_HEIR ->
			touch();
			next = 1;
			do
			:: next <= SLOTS && older[next] == k -> break
			:: next <= SLOTS && older[next] != k -> next++
			:: else -> next = 0; break
			od;
			at = (next -> LEAVE_NEWS : RECALL)
		}

	:: atomic { at == LEAVE_NEWS ->
			state[next] = state[next] | NEWS;
			printf("leaves news with %d\n", next);
			next = 0;
			at = RECALL
		}

	:: atomic { at == RECALL ->
			slot_ = k;
			k = 0;
			if
			:: twin(ANY_MOTION) ||
			   (of(looked_at[slot_], _pid) && role_of(slot_) == RECALLED) ->
				printf("has left news by %d\n", slot_);
				looked_at[slot_] = looked_at[slot_] & ~one(_pid);
				slot_ = 0;
				end_op()
			:: else ->
				looked_at[slot_] = looked_at[slot_] & ~one(_pid);
				slot_ = 0;
				at = ANNOUNCE_ANY
			fi
		}

	/* RESCAN -> SCANNING */
	:: atomic { at == RESUME && (kept(word) || !twin(KEPT_EARLY)) ->
			assert(kept(word)); /* role */
			set_word(word ^ (RESCAN | SCANNING));
			printf("scans: %d%d%d x%d s%d\n", WORD);
			w = word;
			at = (twin(THEFT_IN_PLACE) -> UNNOTE : DETACH);
#ifdef COUNT
			gone = (twin(GONE_STAYS) -> gone : gone_of[k])
#else
			skip
#endif
		}

	:: atomic { at == DETACH ->
			at = UNNOTE;
#if TWIN == BUG_PLAIN_EMPTY
			if
			:: line == k -> at = EMPTY_LATE
			:: else -> detach(k)
			fi
#else
			detach(k);
#endif
			if
			:: twin(THEFT_IN_PLACE) -> k = 0; at = DEPARTURES
			:: else
			fi
		}

	:: atomic { at == UNNOTE ->
			slot_ = note[k];
			looked_at[k] = 0;
			set_note(k, 0);
			if
			:: slot_ & ORPHAN -> free_slot(k)
			:: else
			fi;
			slot_ = 0;
			if
			:: twin(THEFT_IN_PLACE) -> at = DETACH
			:: else -> k = 0; at = DEPARTURES
			fi
		}

	/* ---- scan ---- */

	/* Departures first: whoever announced one had joined before. */
	:: atomic { at == DEPARTURES ->
			touch();
			looks = 0;
			printf("takes departures: %d\n", left);
			departed = left;
			left = 0;
			reap();
			at = ARRIVALS
		}

	:: atomic { at == ARRIVALS ->
			touch();
			find_first();
			begin_collect();
			if
			:: twin(LATE_CLEAR) && (w & RESCAN) -> at = CLEAR
			:: else
			fi
		}

	/* A claim; or, when there is nobody to claim, the commit. */
	:: atomic { at == COLLECT ->
			collect();
			if
			:: k -> at = NOTE
			:: head_fits() && head_keeps() -> claim_keeper()
			:: head_fits() && !head_keeps() -> claim_head()
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
			if
			:: word == w ->
				set_word(w & ~(RESCAN * !twin(KEEP_RESCAN)));
				printf("clears RESCAN\n");
				w = word;
				if
				:: twin(LATE_CLEAR) -> begin_collect()
				:: else -> at = DEPARTURES
				fi
			:: else ->
				w = word;
				look_anew()
			fi
		}

	/* ---- the role: it begins (scan.c) ---- */

	/* Whoever finds this note leaves a message: the role may or may not come here. */
	:: atomic { at == NOTE ->
			assert(!note[k]); /* notes */
#ifdef COUNT
			gone_of[k] = gone + 1;
#endif
			set_note(k, (twin(KEPT_EARLY) -> KEPT : PASSING));
			at = COMMIT_KEPT
		}

	:: atomic { at == COMMIT_KEPT ->
			if
			:: word == w && (!(w & RESCAN) || twin(COMMIT_OVER_RESCAN)) ->
				assert(!((w - give) & HOLDS)); /* G2 */
				assert(!before[k] && !shut_out);	 /* G1, closed */
				assert(!(state[k] & LEFT));		 /* G4 */
				no_longer_stands(k);
				set_word(QUEUED | RESCAN | X);
				printf("commits, %d keeps the role: %d%d%d x%d s%d\n", k, WORD);
				if
				:: give -> done_with_it()
				:: else
				fi;
				give = 0; w = 0; shut = 0;
				at = NOTE_KEPT;
				if
				:: twin(KEPT_EARLY) -> role = false; heir = k; k = 0; end_op()
				:: else
				fi
			:: else ->
				touch();
				w = (w & RESCAN -> w : word);
				printf("has to look again: %d%d%d x%d s%d\n", WORD);
				at = UNNOTE_AGAIN
			fi
		}

	:: atomic { at == UNNOTE_AGAIN ->
			slot_ = note[k];
			set_note(k, 0);
			looks = (slot_ == RECALLED && TWIN != SPARE_LOOKS);
			slot_ = 0;
#ifdef PREDICATE
			/* It has never left the chain. */
			to_wake = ((state[k] & CLAIMED) && (state[k] & ASLEEP) -> k : 0);
			state[k] = state[k] & ~CLAIMED;
			k = 0;
#endif
			if
			:: to_wake -> at = WAKE
			:: else -> look_anew()
			fi
		}

	/* It has not been told yet, so the lock is there. */
	:: atomic { at == NOTE_KEPT ->
			slot_ = note[k];
			role = false;
			set_note(k, KEPT);
			assert(!heir);
			heir = k;
			k = 0;
			if
			:: slot_ == RECALLED && !twin(DEAF_COMMIT) ->
				printf("was recalled\n");
				at = ANNOUNCE_ANY
			:: else -> end_op()
			fi;
			slot_ = 0
		}

	/* ---- grants ---- */

	/* any -> GRANTED.  From here on the owner may use its slot again: what of its
	 * contents is still needed was read. */
	:: atomic { at == GRANT ->
			slot_ = b_old;
			b_count--;
			b_old = (b_count && !twin(LATE_LINK) -> newer[slot_] : b_old);
			assert(slot_ && !of(unused, slot_)); /* slots */
			to_wake = ((state[slot_] & ASLEEP) && !twin(WAKE_FIRST) -> slot_ : 0);
			state[slot_] = (of(refused, slot_) -> REFUSED : GRANTED);
			printf("grants %d\n", slot_);
			slot_ = 0;
			if
			:: to_wake -> at = WAKE
			:: !to_wake && twin(LATE_LINK) -> at = LINK_LATE
			:: else -> hand_over()
			fi
		}

	/* Where the role has been given there are news: these first, as long as the lock is there. */
	:: atomic { at == TELL && k && (state[heir] & NEWS) && !twin(TELL_OVER_NEWS) && !twin(TELL_FIRST) &&
		    !twin(UNNOTE_LAST) ->
			printf("finds news\n");
			k = 0;
			at = (twin(DEAF_PASS) -> TELL : ANNOUNCE_ANY)
		}

	/* The same for a keeper. */
	:: atomic { at == TELL && !(k && (state[heir] & NEWS) && !twin(TELL_OVER_NEWS) && !twin(TELL_FIRST) &&
				    !twin(UNNOTE_LAST)) ->
			assert(!of(unused, heir)); /* slots */
			to_wake = (state[heir] & ASLEEP -> heir : 0);
			state[heir] = GRANTED;
			printf("tells %d\n", heir);
			k = (twin(TELL_FIRST) || twin(UNNOTE_LAST) -> k : 0);
			heir = (twin(TELL_FIRST) -> heir : 0);
			if
			:: twin(TELL_FIRST) || (twin(UNNOTE_LAST) && k) -> at = GIVE
			:: to_wake && !twin(TELL_FIRST) && !(twin(UNNOTE_LAST) && k) -> at = WAKE
			:: else -> hand_over()
			fi;
			if
			:: twin(TELL_FIRST) -> parked = parked & ~one(to_wake); to_wake = 0
			:: else
			fi;
			if
			:: twin(UNNOTE_LAST) && k ->
				parked = parked & ~one(to_wake);
				to_wake = 0;
				at = UNNOTE_MINE
			:: else
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
				:: twin(LATE_LINK) && b_old -> at = LINK_LATE
				:: else -> hand_over()
				fi
			fi
		}

	/* ---- wait ---- */

	:: atomic { at == AWAKE ->
			if
			:: state[me] & GRANTED ->
				told();
				enter()
			:: state[me] & REFUSED ->
				printf("is refused\n");
				told();
				unit = 0;
				at = IDLE;
				serve();
				done_with_it()
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
			:: (state[me] & (GRANTED | REFUSED)) ||
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

#if G_SET
	:: atomic { at == HOLD && of(G_SET, _pid) && !offered ->
			printf("leaves it to the helper\n");
			offered = unit;
			unit = 0;
			at = IDLE;
			done_with_it()
		}
#endif

	/* With the role: KEPT -> GIVING, if the hint leads to one who wants the same.
	 * Otherwise by the word. */
	:: atomic { at == HOLD && !of(G_SET, _pid) && (LAST != _pid || users == 1) ->
			exit();
			busy++;
			then = IDLE;
			at = RELEASE;
			if
			:: me && note[me] == KEPT && unit == X ->
				heir = 1;
				do
				:: heir <= SLOTS && (older[heir] == me || (twin(BLIND_HINT) && heir != me)) -> break
				:: heir <= SLOTS -> heir++
				:: else -> break
				od;
				if
				:: heir > SLOTS -> heir = 0
				:: heir <= SLOTS && unit_of[heir] != X -> heir = 0
				:: else -> skip
				fi;
				if
				:: heir ->
					own_role();
					k = me;
					set_note(k, GIVING);
					printf("passes to %d\n", heir);
					at = (of(can_leave, heir) && !twin(NO_CLAIM_PASS) -> CLAIM : first_of_pass)
				:: else
				fi
			:: else
			fi
		}

	/* ---- the role: it is passed on ---- */

	:: atomic { at == CLAIM ->
			if
			:: state[heir] & LEFT -> at = UNPASS
			:: else ->
				state[heir] = state[heir] | CLAIMED;
				at = first_of_pass
			fi
		}

	/* What was left in it is for the scan that follows. */
	:: atomic { at == UNPASS ->
			printf("%d has left\n", heir);
			role = false;
			set_note(k, KEPT);
			k = 0;
			heir = 0;
			at = RELEASE
		}

	/* The moment of the grant; and the role is no longer this thread's. */
	:: atomic { at == GIVE ->
			assert(!before[heir] || twin(TELL_FIRST)); /* G1 */
			assert(!(state[heir] & LEFT));		   /* G4 */
			assert(!note[heir] || twin(TELL_FIRST));   /* notes */
			no_longer_stands(heir);
			unit = 0;
			role = false;
#ifdef COUNT
			gone_of[heir] = gone_of[k] + !twin(GONE_STAYS);
#endif
			linked = linked & ~one(k);
			set_note(heir, KEPT);
			done_with_it();
			at = (twin(TELL_FIRST) || twin(UNNOTE_LAST) || twin(UNLINK_EARLY) || twin(UNNOTE_FIRST) ->
				      UNLINK : UNNOTE_MINE)
		}

	:: atomic { at == UNLINK ->
			older[heir] = 0;
			at = (twin(UNLINK_FIRST) -> GIVE : (twin(TELL_FIRST) || twin(UNLINK_EARLY) -> UNNOTE_MINE : TELL))
		}

	/* By a store: whoever has been here has left the news with the heir, too. */
	:: atomic { at == UNNOTE_MINE ->
			assert(!(note[k] & ORPHAN)); /* notes */
			looked_at[k] = 0;
			set_note(k, 0);
			if
			:: twin(TELL_FIRST) || twin(UNNOTE_LAST) -> k = 0; heir = 0; end_op()
			:: twin(UNNOTE_FIRST) -> at = GIVE
			:: twin(UNLINK_FIRST) || twin(UNLINK_EARLY) -> at = TELL
			:: else -> at = UNLINK
			fi
		}

	/* ---- unlock by the word ---- */

	/* Under a scanner, or with nobody in line: out with it.  Else it scans, and its hold
	 * is in the word until the commit. */
	:: atomic { at == RELEASE ->
			touch();
			assert((unit == S && shared(word)) || (unit != S && (word & unit))); /* G2 */
			if
			:: kept(word) -> at = FIND_RELEASE
			:: !kept(word) && (word & QUEUED) && (!(word & SCANNING) || twin(TWO_SCANNERS)) ->
				give = (twin(RELEASE_FIRST) -> 0 : unit);
				set_word((word - unit + give) | SCANNING);
				printf("releases, scans: %d%d%d x%d s%d\n", WORD);
				begin_scan();
				unit = 0;
				if
				:: twin(RELEASE_FIRST) -> done_with_it()
				:: else
				fi
			:: else ->
				set_word(word - unit);
				printf("releases: %d%d%d x%d s%d\n", WORD);
				unit = 0;
				done_with_it();
				end_op()
			fi
		}

	/* The role is taken, as by a thief; or there is a thief already. */
	:: atomic { at == FIND_RELEASE ->
			touch();
			find_keeper();
			if
			:: !slot_ -> at = RELEASE
			:: slot_ && role_of(slot_) == KEPT ->
				k = slot_;
				printf("takes the role from %d\n", k);
				own_role();
				set_note(k, (note[k] & ORPHAN) | TAKEN);
				give = unit;
				unit = 0;
				at = RESUME
			:: slot_ && role_of(slot_) == TAKEN -> at = RELEASE_TAKEN
			:: else -> assert(false); at = RELEASE /* another thread gives this very hold back */
			fi;
			slot_ = 0
		}

	/* The thief is about to scan. */
	:: atomic { at == RELEASE_TAKEN ->
			touch();
			if
			:: kept(word) && !twin(RELEASE_BESIDE) ->
				set_word(word - unit);
				printf("releases beside a thief: %d%d%d x%d s%d\n", WORD);
				unit = 0;
				done_with_it();
				end_op()
			:: kept(word) && twin(RELEASE_BESIDE) ->
				give = unit;
				unit = 0;
				set_word(word | SCANNING);
				begin_scan()
			:: else -> at = RELEASE
			fi
		}

	/* The thread ends: its slot goes back. */
	:: atomic { at == IDLE && ROUNDS && round == rounds ->
			if
			:: me && note[me] -> note[me] = note[me] | ORPHAN
			:: me && !note[me] -> free_slot(me)
			:: else
			fi;
			me = 0;
			at = FINISHED
		}
	:: at == FINISHED -> break

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
#if TWIN == BUG_PLAIN_THEFT
	:: atomic { at == STEAL_LATE ->
			own_role();
			note[k] = TAKEN;
			at = RESUME
		}
#endif
#if TWIN == BUG_PLAIN_EMPTY
	:: atomic { at == EMPTY_LATE ->
			touch();
			line = 0;
			first = 0;
			older[k] = 0;
			linked = linked & ~one(k);
			at = UNNOTE
		}
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

/* When all is over every slot is back. */
#if ROUNDS
active proctype end()
{
	timeout;
	assert(!freed || unused == ALL) /* G4 */
}
#endif

#ifdef VICTIM
/* Until it is told, and not asleep.  Its own announcement is beside the point: whoever has
 * arrived is granted by others, too. */
#define in_line (victim != 0 && of(arrived, victim))
#define served	(victim == 0 || ((state[victim] & (GRANTED | REFUSED)) && !of(parked, victim)))
ltl progress { [] (in_line -> <> served) }
#endif
