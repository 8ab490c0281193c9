/* SPDX-License-Identifier: MIT
 *
 * fifolock/version.h - the version that a program is compiled for, and the one it runs with.
 *
 *	#if !FIFOLOCK_VERSION_AT_LEAST(0, 1, 0)		 // what the headers are
 *	#error "fifolock is too old"
 *	#endif
 *	printf("fifolock %s\n", fifolock_version());	 // what the library is
 *
 * 0.x: a release 0.(n+1) may change functions and structures, and CHANGELOG.md says which;
 * 0.n.(m+1) changes neither.  From 1.0 on only a new first number may.  A program that was linked
 * with libfifolock.so.0 runs with every later library of that name.
 */
#ifndef FIFOLOCK_VERSION_H
#define FIFOLOCK_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

/* On every function and variable of the library. */
#define FIFOLOCK_API __attribute__((visibility("default")))

/* ---- fifolock_version(3): which version this is ---- */

/* The version of these headers: as numbers, as a string, and compared with another. */
#define FIFOLOCK_VERSION_MAJOR 0
#define FIFOLOCK_VERSION_MINOR 1
#define FIFOLOCK_VERSION_PATCH 0
#define FIFOLOCK_VERSION       "0.1.0"

#define FIFOLOCK_VERSION_AT_LEAST(major, minor, patch) \
	(FIFOLOCK_VERSION_MAJOR > (major) ||           \
	 (FIFOLOCK_VERSION_MAJOR == (major) &&         \
	  (FIFOLOCK_VERSION_MINOR > (minor) ||         \
	   (FIFOLOCK_VERSION_MINOR == (minor) && FIFOLOCK_VERSION_PATCH >= (patch)))))

/* The version of the library that is running, such as "0.1.0": constant memory, never NULL.  Any
 * thread and any signal handler may call it. */
FIFOLOCK_API const char *fifolock_version(void);

#ifdef __cplusplus
}
#endif

#endif
