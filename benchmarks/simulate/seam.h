/* SPDX-License-Identifier: MIT
 *
 * seam.h - before each source that runs on the simulated machine (-include): what is not an
 * access to memory goes to it by name.
 */
#ifndef SIM_SEAM_H
#define SIM_SEAM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "core/atomic.h"
#include <urcu/arch.h>

void sim_own(const void *at);
void sim_fetch(const void *at);
void sim_relax(void);

#undef fl_prefetch_write
#define fl_prefetch_write(p) sim_own(p)
#undef fl_fetch
#define fl_fetch(p) sim_fetch(p)
#undef caa_cpu_relax
#define caa_cpu_relax() sim_relax()
/* The system's headers, if they come, declare these instead. */
#define sched_yield	  sim_sched_yield
#define sched_getcpu	  sim_sched_getcpu
#define sched_getaffinity sim_sched_getaffinity
#define clock_gettime	  sim_clock_gettime
#define syscall		  sim_syscall

#endif
