/* SPDX-License-Identifier: MIT
 *
 * entry.c - one entry.
 *
 *	row       released by             acquired by             what it carries
 *	[KEY]     publish (find.c)        fl_entry_use            key, size, a new lock
 *	[FAR]     fl_entry_settle         fl_entry_use            what it has become
 *	[GONE]    fl_put_home (put.c)     fl_entry_use            what its last users did
 *	[TWO]     look.. (find.c)         fl_entry_use            a far entry, in the table
 *	[WORD]    fl_home_fill            seems_same (find.c)     what the users of the last key did
 *
 *	relaxed   because
 *	[MINE]    constant for its user
 */
#include "entry.h"
#include "far.h"
#include "memory.h"
#include "quiet.h"
#include "core/atomic.h"

static const unsigned char *bytes_of(const struct fl_entry *entry)
{
	const union fl_bytes *bytes = fl_home_bytes((const struct fl_home *)entry);

	if (entry->is_far)
		return fl_far_bytes(entry);
	return entry->size > FL_HOME_BYTES ? bytes->elsewhere : bytes->here;
}

fifolock_key_t fl_entry_key(const struct fl_entry *entry)
{
	/* [MINE] */
	return entry->is_number ? fifolock_key(fl_load_relaxed(&entry->word))
				: fifolock_key_bytes(bytes_of(entry), entry->size);
}

/* With units no listener is to hear of the lock (units.h). */
void fl_entry_lock_init(struct fl_entry *entry, const fifolock_modes_t *modes,
			uint64_t units)
{
	if (units)
		entry->lock = (fifolock_t){.word = units, .modes = modes};
	else
		fifolock_init(&entry->lock, modes);
}

static void copy(void *to, const void *from, size_t size)
{
	fl_quiet_here(true);
	memcpy(to, from, size);
	fl_quiet_here(false);
	if (size > FL_HOME_BYTES)
		fl_hide(to, size);
}

int fl_home_fill(struct fl_home *home, const struct fl_key *key,
		 const fifolock_modes_t *modes, uint64_t units)
{
	struct fl_entry *entry = &home->entry;
	size_t size = key->key.bytes ? key->key.n : 0;
	union fl_bytes *room = fl_home_bytes(home);
	void *bytes = room->here;

	if (size > FL_HOME_BYTES)
		bytes = room->elsewhere = fl_memory(NULL, size);
	if (!bytes)
		return ENOMEM;
	if (size)
		copy(bytes, key->key.bytes, size);
	fl_entry_lock_init(entry, modes, units);
	fl_store_release(&entry->word, key->word); /* [WORD] release */
	entry->size = (uint32_t)size;
	entry->is_number = !key->key.bytes;
	return 0;
}

void fl_home_empty(struct fl_home *home)
{
	if (home->entry.size > FL_HOME_BYTES) {
		fl_quiet_here(true);
		free(fl_home_bytes(home)->elsewhere);
		fl_quiet_here(false);
	}
	home->entry.size = 0;
}

bool fl_entry_use(struct fl_entry *entry, uint64_t *seen)
{
	/* [KEY] [FAR] [TWO] [GONE] acquire, no release: also where it fails, as the key may have gone, and
	 * the caller goes on with another entry */
	if ((*seen & FL_USERS) == FL_USERS ||
	    !fl_cas_acq_rel(&entry->state, seen, *seen + FL_USER))
		return false;
	*seen += FL_USER;
	return true;
}

bool fl_entry_settle(struct fl_entry *entry, uint64_t what, uint64_t *now)
{
	*now = fl_load_acquire(&entry->state); /* [KEY] acquire */
	while (fl_what(*now) == FL_ENTRY_TENTATIVE) {
		uint64_t next = fl_with(*now, what);

		/* [FAR] release, [KEY] acquire */
		if (fl_cas_acq_rel(&entry->state, now, next)) {
			*now = next;
			return true;
		}
	}
	return false;
}
