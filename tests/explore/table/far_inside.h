/* SPDX-License-Identifier: MIT
 *
 * far_inside.h - src/table/far.c without liburcu, and the memory of a table's keys; with a way to
 * begin anew.
 *
 * The hash table is one word, a bit for each entry ever made, and each call of it one step on that
 * word, with liburcu's promises: what adds or takes out has full barriers before and after; what does not,
 * and what searches, has none.  What has been taken out is free for a thread that was not inside then, and for
 * one that was as soon as it has left; and nothing is ever used again, so each later touch is seen.
 */
#ifndef EX_FAR_INSIDE_H
#define EX_FAR_INSIDE_H

#include "table/far.h"

#include "explore.h"

#define FAR_MOST  24 /* entries in an execution */
#define KEY_BYTES 72 /* of the longest key */

void far_begin(void);
struct fl_far *far_table(void);
unsigned far_made(void);
struct fl_entry *far_entry(unsigned which);
bool far_is_in(unsigned which);	  /* the table */
bool far_is_gone(unsigned which); /* taken out, or never in it */
unsigned far_which(uintptr_t at); /* far_made(): of none */
uintptr_t far_word(void);	  /* where the table is */
int far_which_made_by(unsigned thread);

/* From now on there is no memory for this thread, or again; was it ever asked for? */
void far_lack_memory(unsigned thread, bool lacks);
bool far_was_refused(unsigned thread);
bool far_leaks(void); /* is there memory of malloc's? */

/* What entry.c and key.c call (see meson.build). */
void *ex_realloc(void *memory, size_t size);
void ex_free(void *memory);
void *ex_memcpy(void *to, const void *from, size_t size);
int ex_memcmp(const void *one, const void *other, size_t size);

#endif
