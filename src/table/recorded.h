/* SPDX-License-Identifier: MIT
 *
 * recorded.h - taking and giving back in tables that keep records.
 *
 * The caller is a user of the entry, and after an error still is.
 */
#ifndef FL_RECORDED_H
#define FL_RECORDED_H

#include "records.h"

int fl_recorded_try(fifolock_table_t *table, struct fl_entry *entry, unsigned mode,
		    uint32_t n, void **record);
int fl_recorded_lock(fifolock_table_t *table, struct fl_entry *entry, unsigned mode,
		     uint32_t n, const struct timespec *deadline, void **record);
int fl_recorded_unlock(struct fl_entry *entry, unsigned mode, uint32_t n,
		       struct fl_record *record);

int fl_recorded_convert(const fifolock_hold_t *hold, unsigned to, bool waits,
			const struct timespec *deadline);

/* Its hold has all but the record. */
int fl_recorded_request(fifolock_key_request_t *request);
int fl_recorded_cancel(fifolock_key_request_t *request);

/* Of one that fl_seen_refuse has said is this thread's to refuse, after which done must be called
 * with EDEADLK; NULL: it had a thread that waits, or was granted a moment ago. */
fifolock_key_request_t *fl_recorded_refuse(struct fl_record *record, bool *refused);

#endif
