/* SPDX-License-Identifier: MIT
 *
 * early.h - a library that locks in its constructor (early.c).
 */
#ifndef EARLY_H
#define EARLY_H

#include <pthread.h>

extern pthread_mutex_t early_mutex;  /* locked, when it has been loaded */
extern pthread_mutex_t early_forked; /* locked by its handlers of pthread_atfork */
extern int early_result;	     /* of all that the constructor has called */

#endif
