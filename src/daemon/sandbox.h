/* Private to daemon/: what a daemon that was taken over can still do. Two fences, put up by the main thread when the sockets are bound
 * and root is gone, and before any other thread is there, since each thread has its own: Landlock (which files it may open, and for
 * what) and seccomp (which calls of the kernel it may make). Both are for good, go over to the program that replaces this one
 * in place, and can only become tighter. */
#ifndef PF_DAEMON_SANDBOX_H
#define PF_DAEMON_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

enum sandbox_seccomp {
	SANDBOX_CALLS_OPEN,
	SANDBOX_CALLS_REFUSED, /* a call that is not on the list fails with EPERM, and is counted */
	SANDBOX_CALLS_KILL,    /* and here it ends the daemon */
};

/* Who is behind the fences. */
enum sandbox_of {
	SANDBOX_OF_DAEMON,
	SANDBOX_OF_RECURSOR, /* its state is a folder of its own, and it makes fewer calls */
};

/* What came of it. */
struct sandbox {
	enum config_sandbox wanted;
	enum sandbox_seccomp calls;
	int landlock;      /* the kernel's version of it; 0: files are not fenced */
	char missing[160]; /* a sentence: what this machine does not have; "": nothing */
};

/* Puts up what `config` wants. What the kernel or the build does not have is no error: it is told in the log and in `sandbox->missing`.
 * After a replacement in place the fences are there already, and nothing is added. PF_EIO with a sentence when a fence that the kernel has can
 * not be put up; the daemon must not go on then. */
PF_MUST_CHECK int sandbox_enter(const struct config *config, struct sandbox *sandbox, char *error,
                                size_t error_size);

/* The same for the recursor, in its process, before its program takes over: a call that is not on the list ends it, unless `config` wants no
 * sandbox. What is not there is told by the daemon. */
PF_MUST_CHECK int sandbox_enter_recursor(const struct config *config);

/* Was this program born in one? Before sandbox_enter. */
bool sandbox_is_inherited(void);

static inline bool sandbox_is_up(const struct sandbox *sandbox)
{
	return sandbox->calls || sandbox->landlock;
}

/* Tells the next program of what it finds itself in. */
void sandbox_send(const struct sandbox *sandbox);

/* Calls that were refused since the start; `*last` is the number of the last one (-1: none). Any thread. */
uint64_t sandbox_refused(int *last);
/* "ptrace", or "call 101". */
#define SANDBOX_CALL_TEXT_MAX 40
void sandbox_call_name(int number, char text[SANDBOX_CALL_TEXT_MAX]);

/* sandbox_calls.c: the list of calls. PF_ENOENT: not in this build, or not in this kernel; PF_EIO. */
PF_MUST_CHECK int sandbox_fence_calls(enum sandbox_of of, bool kill);
/* The handler that refuses and counts, for a filter that is there already. */
void sandbox_watch_calls(void);

/* sandbox_files.c: the folders. `*version` is Landlock's, 0: the kernel has none. PF_EIO, PF_ENOMEM. */
PF_MUST_CHECK int sandbox_fence_files(const struct config *config, enum sandbox_of of,
                                      int *version);

#endif
