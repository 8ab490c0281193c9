/* SPDX-License-Identifier: MIT
 *
 * sandbox.h - system calls that are refused from now on, by a seccomp filter.
 *
 *	static const struct refused no_wait[] = {{SYS_futex, 0x7f, FUTEX_WAIT}, {0}};
 *
 *	if (!sandbox(no_wait, ENOSYS, EVERY_THREAD))
 *		...
 *
 * It cannot be undone: in a child of its own.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* One call, or those of it whose second argument has these bits.  nr -1: the end. */
struct refused {
	long nr;
	unsigned mask, bits;
};

enum { THIS_THREAD = 0, EVERY_THREAD = SECCOMP_FILTER_FLAG_TSYNC };

#define SANDBOX_MOST 200

static inline unsigned sandbox_rule(struct sock_filter *at, const struct refused *call,
				    int error)
{
	const struct sock_filter rule[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call->nr, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[1])),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, call->mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->bits, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
	};

	memcpy(at, rule, sizeof(rule));
	return sizeof(rule) / sizeof(rule[0]);
}

/* False: there is no seccomp here. */
static inline bool sandbox(const struct refused calls[], int error, unsigned threads)
{
	const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_filter filter[SANDBOX_MOST];
	struct sock_fprog program = {0, filter};
	unsigned n = 0;

	for (; calls->nr >= 0 && n + 7 < SANDBOX_MOST; calls++)
		n += sandbox_rule(&filter[n], calls, error);
	filter[n++] = allow;
	program.len = (unsigned short)n;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, threads, &program) == 0;
}

/* Can it be done here at all? */
static inline bool sandbox_works(void)
{
	static const struct refused nothing[] = {{-1, 0, 0}};
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(sandbox(nothing, EPERM, EVERY_THREAD) ? 0 : 1);
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

#endif
