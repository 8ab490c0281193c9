/* SPDX-License-Identifier: MIT
 *
 * processors.h - how many processors this process may use.
 *
 * A hint: it decides which threads stay awake, never which request is granted.  The least of two
 * numbers:
 *
 *	the mask	on which processors the kernel may run it (sched_setaffinity, taskset,
 *			cpusets)
 *	the quota	of its control group and those around it, rounded up: with 150 ms
 *			in each 100 ms two can run (cpu.max; cpu.cfs_quota_us)
 *
 * Found when the library is loaded, and looked at again by a thread that is about to
 * sleep, at most once a second.  A thread tells its own mask only, and may have been pinned
 * by the program itself, which leaves the others free.  So a later mask is believed
 * where the thread that looks and the process's first one have the same; where they
 * differ a thread has been pinned, and it is as many as when the library was loaded.  A
 * first thread that looks itself and finds one processor may be pinned: then the last
 * answer stands.
 */
#ifndef FL_PROCESSORS_H
#define FL_PROCESSORS_H

#include <stddef.h>
#include <stdint.h>

#define FL_PROCESSORS_MOST 65536

/* Any thread, at any time: a number. */
uint32_t fl_processors(void);

/* Look again if it is time.  Opens and reads files, asks for masks; each call may be
 * refused, then what was known stands.  Allocates nothing, leaves errno alone. */
void fl_processors_look(void);
void fl_processors_again(void); /* now */

/* When it is loaded.  said: by the user, and then it is never looked at; 0: nothing. */
void fl_processors_begin(uint32_t said);

void fl_processors_hide(void); /* from a race detector */

/* What the files of control groups say, in processors; FL_PROCESSORS_MOST: no limit.  self:
 * /proc/self/cgroup; unified and cpu: where both kinds of trees are mounted. */
uint32_t fl_quota(const char *self, const char *unified, const char *cpu);

/* "150000 100000": 2 */
uint32_t fl_quota_of_max(const char *text);
uint32_t fl_quota_of_cfs(const char *quota, const char *period);

/* In the text of /proc/self/cgroup: the path of the group with this controller, "" for
 * the unified tree; NULL: there is none. */
const char *fl_cgroup_path(const char *text, const char *controller, size_t *length);

#endif
