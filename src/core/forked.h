/* SPDX-License-Identifier: MIT
 *
 * forked.h - the child of fork(): requests of threads that are not there any more.
 */
#ifndef FL_FORKED_H
#define FL_FORKED_H

/* In the child, by its only thread, which is not in a call of the library: every line is empty
 * again, and holds stay as they were.  condition is called for each condition at which
 * threads waited, perhaps more than once.  mine: a slot of the thread's with
 * a note of its own.  Only with FL_ONE_TABLE, where slots say what they wait
 * for.  A thread of the parent that was in the middle of granting, without a request of its own in
 * line, cannot be found: then that lock stays as it is. */
struct fl_slot;
void fl_forget_threads(const struct fl_slot *mine, void (*condition)(void *condition));

#endif
