/* SPDX-License-Identifier: MIT
 *
 * fifolock/version.h - the version that a program is compiled for, and the one it runs with.
 *
 *	#if !FIFOLOCK_VERSION_AT_LEAST(0, 1, 0)		 // what the headers are
 *	#error "fifolock is too old"
 *	#endif
 *	printf("fifolock %s\n", fifolock_version());	 // what the library is
 *
 * What the numbers promise: README, "Versions".
 */
#ifndef FIFOLOCK_VERSION_H
#define FIFOLOCK_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

#define FIFOLOCK_API __attribute__((visibility("default")))

#define FIFOLOCK_VERSION_MAJOR 0
#define FIFOLOCK_VERSION_MINOR 1
#define FIFOLOCK_VERSION_PATCH 0
#define FIFOLOCK_VERSION       "0.1.0"

#define FIFOLOCK_VERSION_AT_LEAST(major, minor, patch) \
	(FIFOLOCK_VERSION_MAJOR > (major) ||           \
	 (FIFOLOCK_VERSION_MAJOR == (major) &&         \
	  (FIFOLOCK_VERSION_MINOR > (minor) ||         \
	   (FIFOLOCK_VERSION_MINOR == (minor) && FIFOLOCK_VERSION_PATCH >= (patch)))))

/* The library's own FIFOLOCK_VERSION, as "0.1.0": constant memory, never NULL; cannot fail.
 * From anywhere, a signal handler included. */
FIFOLOCK_API const char *fifolock_version(void);

#ifdef __cplusplus
}
#endif

#endif
