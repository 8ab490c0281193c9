/* SPDX-License-Identifier: MIT
 *
 * watch.h - what must be true after each step: the guarantees, from the headers' text.
 */
#ifndef EX_WATCH_H
#define EX_WATCH_H

#include "explore.h"

/* A mode table as its author means it, for modes by number. */
struct watch_table {
	const fifolock_modes_t *modes;
	bool (*allows)(const uint32_t holds[], unsigned mode);
	const char *letters; /* names of the modes */
	uint32_t exclusive;  /* so many holds of mode 0 exclude those of ... */
	bool with_all;	     /* all modes, else of mode 0 only */
};

void watch_begin(fifolock_t *lock, const struct watch_table *table);
void watch_end(bool idle); /* after the last step */

/* The calls of a thread; a signal handler's come between those of its thread. */
enum watch_call { WATCH_WAIT, WATCH_TIMED, WATCH_TRY };
void watch_asks(enum watch_call call, unsigned mode, uint32_t n);
void watch_answer(int error, bool may_lack_memory);
void watch_gives(unsigned mode, uint32_t n);
void watch_gave(int error, bool may_be_refused);
void watch_looks(void);
void watch_saw(uint32_t waiting);
void watch_freed(void);

const fifolock_t *watched_lock(void);
const struct watch_table *watched_table(void);

#endif
