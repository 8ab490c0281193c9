/* SPDX-License-Identifier: MIT
 *
 * held.h - which locks this thread reads, as far as that is known: see held.c.
 */
#ifndef FL_HELD_H
#define FL_HELD_H

#include "core/atomic.h"
#include "core/thread.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern FL_ALL_MY const void *fl_held_one; /* NULL: there is room */

void fl_held_add(const void *lock);
bool fl_held_remove(const void *lock); /* false: it is not known */
void fl_held_one_less(void);	       /* of those that are not known */
bool fl_held_is(const void *lock);

FL_ALWAYS void fl_reads(const void *lock)
{
	if (fl_likely(!fl_held_one))
		fl_held_one = lock;
	else
		fl_held_add(lock);
}

FL_ALWAYS bool fl_reads_no_more(const void *lock)
{
	if (fl_unlikely(fl_held_one != lock))
		return fl_held_remove(lock);
	fl_held_one = NULL;
	return true;
}

#endif
