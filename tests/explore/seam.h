/* SPDX-License-Identifier: MIT
 *
 * seam.h - the operations of src/core/atomic.h, each handed to the explorer.  The sources
 * are compiled with -DFL_SEAM='"seam.h"'.
 */
#ifndef EX_SEAM_H
#define EX_SEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* EX_FULL: a full barrier before and after. */
enum { EX_RELAXED = 0, EX_ACQUIRE = 1, EX_RELEASE = 2, EX_ACQ_REL = 3, EX_FULL = 7 };

/* Where in the sources, for the trace. */
struct ex_site {
	const char *what;
	const char *file;
	int line;
};

uint64_t ex_load(const void *at, size_t size, unsigned order, const struct ex_site *site);
void ex_store(void *at, size_t size, uint64_t value, unsigned order,
	      const struct ex_site *site);
uint64_t ex_swap(void *at, size_t size, uint64_t value, unsigned order,
		 const struct ex_site *site);
uint64_t ex_or(void *at, size_t size, uint64_t value, const struct ex_site *site);
uint64_t ex_and(void *at, size_t size, uint64_t value, const struct ex_site *site);
uint64_t ex_add(void *at, size_t size, uint64_t value, const struct ex_site *site);
bool ex_cas(void *at, size_t size, void *expected, uint64_t value, unsigned order,
	    const struct ex_site *site, const char *function);

uint32_t ex_serves_most(void); /* how many younger requests' callbacks one call runs */
uint32_t ex_row_most(void);    /* how many sections the line moves on by, at most */

bool ex_cas_pair(uint64_t at[2], const uint64_t expected[2], const uint64_t next[2],
		 unsigned order, const struct ex_site *site);

#define EX_SITE(what)                                                              \
	({                                                                         \
		static const struct ex_site ex_site_ = {what, __FILE__, __LINE__}; \
		&ex_site_;                                                         \
	})
#define EX_VALUE(p)	__typeof__(*(p) + 0)
#define EX_NUMBER(p, v) ((uint64_t)(EX_VALUE(p))(v))

#define fl_load_relaxed(p) \
	((EX_VALUE(p))ex_load((p), sizeof(*(p)), EX_RELAXED, EX_SITE("load")))
#define fl_load_acquire(p) \
	((EX_VALUE(p))ex_load((p), sizeof(*(p)), EX_ACQUIRE, EX_SITE("load acquire")))
#define fl_store_relaxed(p, v) \
	ex_store((p), sizeof(*(p)), EX_NUMBER(p, v), EX_RELAXED, EX_SITE("store"))
#define fl_store_release(p, v) \
	ex_store((p), sizeof(*(p)), EX_NUMBER(p, v), EX_RELEASE, EX_SITE("store release"))
#define fl_swap_acquire(p, v)                                                 \
	((EX_VALUE(p))ex_swap((p), sizeof(*(p)), EX_NUMBER(p, v), EX_ACQUIRE, \
			      EX_SITE("swap acquire")))
#define fl_swap_release(p, v)                                                 \
	((EX_VALUE(p))ex_swap((p), sizeof(*(p)), EX_NUMBER(p, v), EX_RELEASE, \
			      EX_SITE("swap release")))
#define fl_or_relaxed(p, v) \
	((EX_VALUE(p))ex_or((p), sizeof(*(p)), EX_NUMBER(p, v), EX_SITE("or")))
#define fl_and_relaxed(p, v) \
	((EX_VALUE(p))ex_and((p), sizeof(*(p)), EX_NUMBER(p, v), EX_SITE("and")))

#define fl_and_acquire(p, v)                                                 \
	({                                                                   \
		EX_VALUE(p) was_ = fl_load_relaxed(p);                       \
		while (!fl_cas_acquire((p), &was_, was_ & (EX_VALUE(p))(v))) \
			;                                                    \
		was_;                                                        \
	})

#define fl_add_relaxed(p, v) (*(p) += (v)) /* counters: no program counts */

#define fl_cas_relaxed(p, expected, v)                                     \
	ex_cas((p), sizeof(*(p)), (expected), EX_NUMBER(p, v), EX_RELAXED, \
	       EX_SITE("cas"), __func__)
#define fl_cas_acquire(p, expected, v)                                     \
	ex_cas((p), sizeof(*(p)), (expected), EX_NUMBER(p, v), EX_ACQUIRE, \
	       EX_SITE("cas acquire"), __func__)
#define fl_cas_release(p, expected, v)                                     \
	ex_cas((p), sizeof(*(p)), (expected), EX_NUMBER(p, v), EX_RELEASE, \
	       EX_SITE("cas release"), __func__)
#define fl_cas_acq_rel(p, expected, v)                                     \
	ex_cas((p), sizeof(*(p)), (expected), EX_NUMBER(p, v), EX_ACQ_REL, \
	       EX_SITE("cas acq_rel"), __func__)
#define FL_HAS_PAIRS true
#define fl_cas_pair_acq_rel(at, first, second, next, other)           \
	ex_cas_pair((at), (const uint64_t[2]){(first), (second)},     \
		    (const uint64_t[2]){(next), (other)}, EX_ACQ_REL, \
		    EX_SITE("cas of a pair acq_rel"))

#endif
