/* SPDX-License-Identifier: MIT
 *
 * words.h - the words of a script, each a call on one of the locks.
 */
#ifndef EX_WORDS_H
#define EX_WORDS_H

#include "programs.h"
#include "watch.h"

#define LOCKS 2

void words_begin(const struct program *program, const struct watch_table *table,
		 unsigned threads);
void words_watch(void); /* their memory, too */
fifolock_t *words_lock_at(unsigned which);
void words_hold(unsigned thread, unsigned mode); /* it has one to begin with */
bool words_holds(unsigned thread, unsigned mode);
bool words_held_once(void); /* has thread 0 ever held anything? */
void words_run(const char *script);

unsigned words_locks(const struct program *program); /* how many it uses */
bool words_cond(const struct program *program);
bool words_look(const struct program *program);

/* For words_cond.c: the lock that the current thread's words are about, its holds, and
 * whether its wait may time out (the answer: could before). */
fifolock_t *words_lock(void);
void words_got(unsigned mode, uint32_t n);
void words_lost(unsigned mode);
bool words_limit_wait(bool times_out);
bool words_lack_memory(void);

/* words_cond.c: conditions, looks at a lock. */
void words_cond_begin(void);
void words_cond_watch(void);
fifolock_cond_t *words_condition(void);
void words_wait(unsigned mode, bool once, bool timed);
void words_signal(const char *rest);
void words_broadcast(const char *rest);
void words_put(const char *rest);
void words_open(const char *rest);
void words_snapshot(const char *rest);
void words_contended(unsigned mode);

#endif
