/* SPDX-License-Identifier: MIT
 *
 * entry.h - a key in use: its lock, and the word that says what the entry is.
 *
 *	63 ......... 34   33 ... 3   2 .. 0
 *	far             | users    | what
 *
 * users  How many calls, requests and holds need the entry.  Its key does not change while there
 *	  are any.
 * far    Of a home slot: how many far keys have it as theirs, or are about to.
 *
 *	FREE -> FILLING		the thread that will use it for another key; it is alone then
 *	FILLING -> TENTATIVE	there are far keys: this one may be among them
 *	FILLING -> LIVE		there are none
 *	TENTATIVE -> LIVE	any user, once it is certain that the key has no other entry
 *	TENTATIVE -> DEAD	any user, once it is certain that it has
 *	LIVE, DEAD -> FREE	the last user goes; far: -> DEAD, and it is taken out and freed
 *	LIVE -> READY		the same, if it was a hold of one, of a number (units.h)
 *	READY -> LIVE		the next number: its key and its state in one step
 *
 * READY is FREE, with the mode + 1 of the last hold where the users are: the lock is still as it was
 * when the last user had that hold.
 */
#ifndef FL_ENTRY_H
#define FL_ENTRY_H

#include "key.h"

#define FL_ENTRY_FREE	   UINT64_C(0)
#define FL_ENTRY_FILLING   UINT64_C(1)
#define FL_ENTRY_TENTATIVE UINT64_C(2)
#define FL_ENTRY_LIVE	   UINT64_C(3)
#define FL_ENTRY_DEAD	   UINT64_C(4)
#define FL_ENTRY_WHAT	   UINT64_C(7)

#define FL_USER	     (UINT64_C(1) << 3)
#define FL_USERS     ((UINT64_C(1) << 34) - FL_USER)
#define FL_FAR_ONE   (UINT64_C(1) << 34)
#define FL_FAR_COUNT (~(FL_FAR_ONE - 1))

/* One cache line.  All but state and word is written while it is FILLING, and constant while
 * there are users.  READY -> LIVE writes state and word at once. */
struct fl_entry {
	union {
		struct {
			uint64_t state; /* above; atomic */
			uint64_t word;	/* of the key; atomic */
		};
		uint64_t pair[2]; /* the two, for READY -> LIVE */
	};
	fifolock_t lock;
	uint32_t size; /* of the key's bytes */
	uint8_t is_number;
	uint8_t is_far;
};

#define FL_HOME_BYTES 64

union fl_bytes {
	unsigned char here[FL_HOME_BYTES];
	void *elsewhere; /* more than that: malloc's */
};

/* Home: one of a fixed array.  The entries of so many lie side by side, and then their bytes, which numbers do
 * not use: so what is used is in every set of a cache, and in few pages. */
#define FL_HOMES 64

struct fl_home {
	struct fl_entry entry;
};

struct fl_homes {
	struct fl_home at[FL_HOMES];
	union fl_bytes bytes[FL_HOMES];
};

/* Those bits of a hash that are the offset of one of them; slots: a power of two. */
static inline uint64_t fl_homes_mask(uint64_t slots)
{
	uint64_t first = slots < FL_HOMES ? slots : FL_HOMES;

	return (first - 1) * sizeof(struct fl_home) +
	       (slots / FL_HOMES > 1 ? (slots / FL_HOMES - 1) * sizeof(struct fl_homes)
				     : 0);
}

static inline union fl_bytes *fl_home_bytes(const struct fl_home *home)
{
	return (union fl_bytes *)(home + FL_HOMES);
}

/* FREE, with a lock that is held as by one hold of the mode. */
static inline uint64_t fl_ready(unsigned mode)
{
	return FL_ENTRY_FREE + FL_USER * (mode + 1);
}

static inline uint64_t fl_what(uint64_t state)
{
	return state & FL_ENTRY_WHAT;
}

/* Does it have a key that a request may be for? */
static inline bool fl_state_is_key(uint64_t state)
{
	return fl_what(state) == FL_ENTRY_LIVE || fl_what(state) == FL_ENTRY_TENTATIVE;
}

static inline uint64_t fl_with(uint64_t state, uint64_t what)
{
	return (state & ~FL_ENTRY_WHAT) | what;
}

/* For a user of it: the key; the bytes are the entry's. */
fifolock_key_t fl_entry_key(const struct fl_entry *entry);

/* Give the entry, which is the thread's alone, a key, and a lock that is held with so many units.
 * ENOMEM. */
int fl_home_fill(struct fl_home *home, const struct fl_key *key,
		 const fifolock_modes_t *modes, uint64_t units);
void fl_entry_lock_init(struct fl_entry *entry, const fifolock_modes_t *modes,
			uint64_t units);
void fl_home_empty(struct fl_home *home);

/* + one user.  *seen: what it was, now it is that with one more.  False: it is something else by
 * now, or there are as many as there may be. */
bool fl_entry_use(struct fl_entry *entry, uint64_t *seen);

/* TENTATIVE -> what, LIVE or DEAD, if it still is.  *now: what it is.  True: this call has done it. */
bool fl_entry_settle(struct fl_entry *entry, uint64_t what, uint64_t *now);

#endif
