/* The fences against the kernel that runs this test: each case in a process of its own, since no fence can be taken down. */
#define _GNU_SOURCE
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/sandbox.h"

/* ---- calls ------------------------------------------------------------------------------- */

struct forbidden {
	const char *name; /* as the counter calls it */
	long number;
	long arguments[4];
};

static const struct forbidden forbidden[] = {
	{"process_vm_writev", SYS_process_vm_writev, {1}},
	{"unshare", SYS_unshare, {CLONE_NEWUSER}},
	{"setns", SYS_setns, {0}},
	{"mount", SYS_mount, {0}},
	{"chroot", SYS_chroot, {0}},
	{"bpf", SYS_bpf, {0}},
	{"perf_event_open", SYS_perf_event_open, {0}},
	{"init_module", SYS_init_module, {0}},
	{"kexec_load", SYS_kexec_load, {0}},
	{"keyctl", SYS_keyctl, {0}},
	{"userfaultfd", SYS_userfaultfd, {0}},
	{"setuid", SYS_setuid, {0}},
	{"socket", SYS_socket, {AF_PACKET, SOCK_RAW, 0}},
	{"clone", SYS_clone, {CLONE_NEWUSER | SIGCHLD}},
	{"mprotect", SYS_mprotect, {0, 4096, PROT_READ | PROT_EXEC}},
	{"mmap", SYS_mmap, {0, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS}},
	{"ioctl", SYS_ioctl, {0, 0x5412 /* TIOCSTI: types into the terminal */}},
	{"prctl", SYS_prctl, {PR_SET_SECCOMP}},
};

static long make(const struct forbidden *call)
{
	const long *a = call->arguments;
	return syscall(call->number, a[0], a[1], a[2], a[3], -1L, 0L);
}

/* Runs `body` in a process of its own and returns how that ended. */
static int apart(int (*body)(const void *data), const void *data)
{
	int status;
	pid_t pid = fork();
	if (!pid)
		_exit(body(data));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int refuse_one(const void *data)
{
	const struct forbidden *call = data;
	char name[SANDBOX_CALL_TEXT_MAX];
	int last;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (sandbox_fence_calls(SANDBOX_OF_DAEMON, false) != PF_OK || sandbox_refused(&last) ||
	    last != -1)
		return 1;
	if (make(call) != -1 || errno != EPERM)
		return 2;
	if (sandbox_refused(&last) != 1)
		return 3;
	sandbox_call_name(last, name);
	return strcmp(name, call->name) ? 4 : 0;
}

static int die_of_one(const void *data)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (sandbox_fence_calls(SANDBOX_OF_DAEMON, true) != PF_OK)
		return 1;
	make(data);
	return 2;
}

static bool no_filter(void)
{
#ifdef HAVE_SECCOMP
	return prctl(PR_GET_SECCOMP) < 0;
#else
	return true;
#endif
}

static void what_is_not_on_the_list_is_refused(void **state)
{
	(void)state;
	if (no_filter())
		skip();
	for (size_t i = 0; i < PF_COUNT(forbidden); i++) {
		int status = apart(refuse_one, &forbidden[i]);
		if (status)
			fail_msg("%s: %#x", forbidden[i].name, (unsigned)status);
	}
}

static void and_with_strict_it_ends_the_program(void **state)
{
	(void)state;
	if (no_filter())
		skip();
	for (size_t i = 0; i < PF_COUNT(forbidden); i++) {
		int status = apart(die_of_one, &forbidden[i]);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: %#x", forbidden[i].name, (unsigned)status);
	}
}

static void *in_a_thread(void *data)
{
	FILE *file = tmpfile();
	*(bool *)data = file && fputs("x", file) >= 0 && !fclose(file);
	return NULL;
}

/* What a daemon does all day goes on, under the fence that kills. */
static int work(const void *data)
{
	(void)data;
	pthread_t thread;
	bool good = false;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (sandbox_fence_calls(SANDBOX_OF_DAEMON, true) != PF_OK)
		return 1;
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), link = socket(AF_NETLINK, SOCK_RAW, 0);
	if (udp < 0 || link < 0 || pthread_create(&thread, NULL, in_a_thread, &good) ||
	    pthread_join(thread, NULL) || !good)
		return 2;
	void *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED || mprotect(memory, 4096, PROT_READ) || munmap(memory, 1 << 20) ? 3
	                                                                                            : 0;
}

static void a_daemon_at_work_does_not_feel_it(void **state)
{
	(void)state;
	if (no_filter())
		skip();
	assert_int_equal(apart(work, NULL), 0);
}

/* ---- files ------------------------------------------------------------------------------- */

static char *path_of(const char *folder, const char *name)
{
	char *path = NULL;
	assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
	return path;
}

static bool opens(const char *folder, const char *name, int flags)
{
	char *path = path_of(folder, name);
	int fd = open(path, flags | O_CLOEXEC, 0600);
	free(path);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* 0: as it should be; else the number of what was not. */
static int look_around(const void *data)
{
	const char *const *folders = data; /* configuration, state, elsewhere */
	struct config config = {.file = path_of(folders[0], "portafilter.yaml"),
	                        .state = (char *)folders[1],
	                        .control_socket = path_of(folders[1], "control.sock"),
	                        .journal_path = path_of(folders[1], "journal.db")};
	int version;
	char *program = path_of(folders[1], "program");
	char *const arguments[] = {program, NULL};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (sandbox_fence_files(&config, SANDBOX_OF_DAEMON, &version) != PF_OK)
		return 1;
	if (!version)
		return 77; /* not in this kernel */
	const bool right[] = {
		opens(folders[0], "file", O_RDONLY),
		!opens(folders[0], "file", O_WRONLY),
		!opens(folders[0], "new", O_WRONLY | O_CREAT),
		opens(folders[1], "file", O_RDWR | (version >= 3 ? O_TRUNC : 0)),
		opens(folders[1], "new", O_WRONLY | O_CREAT),
		!opens(folders[2], "file", O_RDONLY),
		!opens(folders[2], "new", O_WRONLY | O_CREAT),
		opens("/usr/share", "", O_RDONLY | O_DIRECTORY),
		opens("/dev", "null", O_WRONLY),
		execv(program, arguments) == -1 && errno == EACCES,
	};
	for (size_t i = 0; i < PF_COUNT(right); i++)
		if (!right[i])
			return (int)i + 2;
	return 0;
}

static void no_file_but_what_it_needs(void **state)
{
	(void)state;
	char made[3][40], *folders[3];
	const char *const names[] = {"file", "program", "new"};
	for (size_t i = 0; i < 3; i++) {
		strcpy(made[i], "/var/tmp/portafilter-test-XXXXXX");
		folders[i] = mkdtemp(made[i]);
		assert_non_null(folders[i]);
		assert_true(opens(folders[i], "file", O_WRONLY | O_CREAT));
		assert_true(opens(folders[i], "program", O_WRONLY | O_CREAT));
		char *program = path_of(folders[i], "program");
		assert_int_equal(chmod(program, 0700), 0);
		free(program);
	}
	int status = apart(look_around, folders);
	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < PF_COUNT(names); k++) {
			char *path = path_of(folders[i], names[k]);
			unlink(path);
			free(path);
		}
		assert_int_equal(rmdir(folders[i]), 0);
	}
	if (status == 77 << 8)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_on_the_list_is_refused),
		cmocka_unit_test(and_with_strict_it_ends_the_program),
		cmocka_unit_test(a_daemon_at_work_does_not_feel_it),
		cmocka_unit_test(no_file_but_what_it_needs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
