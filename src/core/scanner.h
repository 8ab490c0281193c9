/* SPDX-License-Identifier: MIT
 *
 * scanner.h - how a thread becomes the scanner: because there is news for one, or because
 * it takes the role from the holder that keeps it (role.h).
 */
#ifndef FL_SCANNER_H
#define FL_SCANNER_H

#include "queue.h"

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

/* News for the scanner: true, the caller is one now; false, another thread will look again.
 * Without QUEUED there is nothing to look at, unless it is to be so in any case.  word: what
 * it has become. */
bool fl_news(fifolock_t *lock, bool in_any_case, uint64_t *word);

#endif
