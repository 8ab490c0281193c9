/* SPDX-License-Identifier: MIT
 *
 * thread.h - what belongs to one thread, and what is done when the library is loaded and
 * unloaded.
 *
 * FL_MY: a variable of the thread's own; FL_ALL_MY: one that other files see.  In a library that is opened at run time, glibc
 * makes room for such variables at a thread's first touch, by malloc; but malloc may
 * be waiting for a lock, and a signal handler may be first.  So with glibc they are in the
 * room that it keeps for libraries which ask for it when they are loaded (initial-exec).
 * That room is small and shared: 96 bytes for all of src/ together, whatever is added
 * (tests/checks/names.sh).  musl makes room for all threads when it opens a library, by itself, and
 * refuses libraries that ask for more than that: there, and elsewhere, the compiler's own way.
 *
 * KEYS_WITHOUT_MALLOC: glibc has room in each thread for the values of the first 32 keys; for
 * that of another one pthread_setspecific calls malloc, which may be waiting for a lock.
 *
 * FL_LOADED, FL_UNLOADED: functions that run before, and after, those of a program or
 * library that has libfifolock.a in it.
 */
#ifndef FL_THREAD_H
#define FL_THREAD_H

#include <features.h>
#include <limits.h>

#ifdef __GLIBC__
#define KEYS_WITHOUT_MALLOC 32
#define FL_ALL_MY	    _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define KEYS_WITHOUT_MALLOC PTHREAD_KEYS_MAX
#define FL_ALL_MY	    _Thread_local
#endif
#define FL_MY static FL_ALL_MY

#define FL_LOADED   __attribute__((constructor(101)))
#define FL_UNLOADED __attribute__((destructor(101)))

#endif
