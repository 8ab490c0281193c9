/* SPDX-License-Identifier: MIT
 *
 * static_tls.c - a library that takes TAKES bytes of the room for thread-local variables of
 * libraries opened at run time, as libgomp and graphics drivers do.
 */
static _Thread_local char taken[TAKES] __attribute__((tls_model("initial-exec")));

char *static_tls_taken(void);

char *static_tls_taken(void)
{
	return taken;
}
