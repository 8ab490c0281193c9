/* SPDX-License-Identifier: MIT
 *
 * fork.h - fork() of a process with tables of the default flavour.
 */
#ifndef FL_FORK_H
#define FL_FORK_H

/* Before the first of them is made.  ENOMEM. */
int fl_fork_watch(void);

#endif
