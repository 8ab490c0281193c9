/* SPDX-License-Identifier: MIT
 *
 * words.h - the words of a script, each a call on the one lock.
 */
#ifndef EX_WORDS_H
#define EX_WORDS_H

#include "programs.h"
#include "watch.h"

void words_begin(const struct program *program, const struct watch_table *table,
		 unsigned threads);
void words_watch(void); /* their memory, too */
fifolock_t *words_lock(void);
void words_hold(unsigned thread, unsigned mode); /* it has one to begin with */
bool words_holds(unsigned thread, unsigned mode);
void words_run(const char *script);

#endif
