/* The calls of the kernel that a daemon at work makes, or its recursor, and no other: no new program but its own successor, no module, no mount, no look
 * into other processes, no kind of socket that it has no use for, no memory that is written and run. By role, so
 * that a reader can say what each is for; names that this machine does not know are passed over. */
#define _GNU_SOURCE /* REG_RAX */
#include <config.h>

#include "daemon/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef HAVE_SECCOMP
#include <seccomp.h>
#endif

/* Where a refused call can be given its result by hand; elsewhere it is refused in silence. */
#if defined(__x86_64__) || defined(__aarch64__)
#define CAN_COUNT 1
#else
#define CAN_COUNT 0
#endif

/* Written by a signal handler, in whichever thread it was: atomics and nothing else. */
static struct {
	uint64_t count;
	int last;
} refused = {0, -1};

uint64_t sandbox_refused(int *last)
{
	*last = __atomic_load_n(&refused.last, __ATOMIC_RELAXED);
	return __atomic_load_n(&refused.count, __ATOMIC_RELAXED);
}

#if CAN_COUNT
static void on_refused(int number, siginfo_t *info, void *data)
{
	(void)number;
	ucontext_t *context = data;
	if (info->si_code != 1) /* SYS_SECCOMP; somebody has sent a signal */
		return;
	__atomic_fetch_add(&refused.count, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&refused.last, info->si_syscall, __ATOMIC_RELAXED);
#ifdef __x86_64__
	context->uc_mcontext.gregs[REG_RAX] = -EPERM;
#else
	context->uc_mcontext.regs[0] = (unsigned long long)-EPERM;
#endif
}
#endif

void sandbox_watch_calls(void)
{
#if CAN_COUNT
	struct sigaction action = {.sa_sigaction = on_refused, .sa_flags = SA_SIGINFO | SA_RESTART};
	sigaction(SIGSYS, &action, NULL);
#endif
}

#ifdef HAVE_SECCOMP

static const char *const calls[] = {
	/* bytes */
	"read",
	"write",
	"readv",
	"writev",
	"pread64",
	"pwrite64",
	"preadv",
	"pwritev",
	"preadv2",
	"pwritev2",
	"close",
	"close_range",
	"lseek",
	"_llseek",
	"dup",
	"dup2",
	"dup3",
	"pipe",
	"pipe2",
	"fcntl",
	"fcntl64",
	/* waiting */
	"poll",
	"ppoll",
	"ppoll_time64",
	"select",
	"_newselect",
	"pselect6",
	"pselect6_time64",
	"epoll_create",
	"epoll_create1",
	"epoll_ctl",
	"epoll_wait",
	"epoll_pwait",
	"epoll_pwait2",
	"eventfd",
	"eventfd2",
	"timerfd_create",
	"timerfd_settime",
	"timerfd_gettime",
	"nanosleep",
	"clock_nanosleep",
	"clock_nanosleep_time64",
	/* files; which of them, Landlock says */
	"open",
	"openat",
	"creat",
	"access",
	"faccessat",
	"faccessat2",
	"stat",
	"stat64",
	"lstat",
	"lstat64",
	"fstat",
	"fstat64",
	"newfstatat",
	"fstatat64",
	"statx",
	"getdents",
	"getdents64",
	"readlink",
	"readlinkat",
	"rename",
	"renameat",
	"renameat2",
	"unlink",
	"unlinkat",
	"truncate",
	"truncate64",
	"ftruncate",
	"ftruncate64",
	"fallocate",
	"fsync",
	"fdatasync",
	"sync_file_range",
	"fadvise64",
	"fadvise64_64",
	"chmod",
	"fchmod",
	"fchmodat",
	"fchmodat2",
	"umask",
	"utimensat",
	"utimensat_time64",
	"getcwd",
	"readahead",
	/* memory; mmap and mprotect stand below */
	"munmap",
	"mremap",
	"madvise",
	"brk",
	"msync",
	"mincore",
	"mlock",
	"munlock",
	"membarrier",
	/* threads; clone stands below */
	"exit",
	"exit_group",
	"futex",
	"futex_time64",
	"futex_waitv",
	"set_robust_list",
	"get_robust_list",
	"rseq",
	"set_tid_address",
	"sched_yield",
	"sched_getaffinity",
	"sched_setaffinity",
	"sched_setscheduler",
	"sched_getscheduler",
	"sched_getparam",
	"sched_get_priority_max",
	"sched_get_priority_min",
	"setpriority",
	"getpriority",
	"gettid",
	"getpid",
	"getppid",
	"getpgrp",
	"getpgid",
	"getsid",
	"restart_syscall",
	"arch_prctl",
	"getcpu",
	/* who we are, and what the machine is */
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getresuid",
	"getresgid",
	"getgroups",
	"uname",
	"sysinfo",
	"getrlimit",
	"ugetrlimit",
	"setrlimit",
	"prlimit64",
	"getrusage",
	"times",
	"getrandom",
	"capget",
	"capset",
	/* time */
	"clock_gettime",
	"clock_gettime64",
	"clock_getres",
	"clock_getres_time64",
	"gettimeofday",
	"time",
	/* signals, to ourselves */
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigreturn",
	"rt_sigpending",
	"rt_sigtimedwait",
	"rt_sigtimedwait_time64",
	"sigaltstack",
	"tgkill",
	"pause",
	/* the network; socket stands below */
	"socketpair",
	"bind",
	"connect",
	"getsockname",
	"getpeername",
	"setsockopt",
	"getsockopt",
	"sendto",
	"sendmsg",
	"sendmmsg",
	"recvfrom",
	"recvmsg",
	"recvmmsg",
	"recvmmsg_time64",
	"shutdown",
	"socketcall",
	/* who was started has ended; a new program in place of this one, from where Landlock lets programs be run */
	"wait4",
	"waitid",
	"execve",
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	/* what the sanitizers do at the end and in trouble */
	"ptrace",
	"personality",
	"kill",
	"rt_sigqueueinfo",
	"process_vm_readv",
#endif
};

/* Of the daemon alone: folders, copies, changes of files, and who connects to it. */
static const char *const calls_of_daemon[] = {
	"mkdir",
	"mkdirat",
	"rmdir",
	"link",
	"linkat",
	"chown",
	"fchown",
	"fchownat",
	"flock",
	"statfs",
	"statfs64",
	"fstatfs",
	"fstatfs64",
	"sendfile",
	"sendfile64",
	"copy_file_range",
	"splice",
	"memfd_create",
	"inotify_init",
	"inotify_init1",
	"inotify_add_watch",
	"inotify_rm_watch",
	"listen",
	"accept",
	"accept4",
};

/* Asked by newer libraries, which then do it the old way. */
static const char *const absent[] = {"clone3", "io_uring_setup", "io_uring_enter",
                                     "io_uring_register", "openat2"};

/* The recursor has the first two. */
static const int families[] = {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK};
#define FAMILIES_OF_RECURSOR 2
static const int prctls[] = {
	PR_SET_NAME,
	PR_GET_NAME,
	PR_GET_DUMPABLE,
	PR_SET_DUMPABLE,
	PR_SET_NO_NEW_PRIVS,
	PR_GET_NO_NEW_PRIVS,
	PR_GET_SECCOMP,
	PR_CAP_AMBIENT,
	PR_SET_PDEATHSIG,
	PR_CAPBSET_READ,
	0x53564d41 /* PR_SET_VMA: names for maps */,
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	PR_SET_PTRACER, /* a thread of the leak sanitizer looks at the others */
#endif
};
static const unsigned long ioctls[] = {0x5401 /* TCGETS */,      0x5413 /* TIOCGWINSZ */,
                                       0x541b /* FIONREAD */,    0x5421 /* FIONBIO */,
                                       0x5450 /* FIONCLEX */,    0x5451 /* FIOCLEX */,
                                       0x8910 /* SIOCGIFNAME */, 0x8933 /* SIOCGIFINDEX */};
#define NEW_NAMESPACES                                                                            \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
	 CLONE_NEWNET)

static int allow(scmp_filter_ctx filter, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR || number < 0)
		return 0;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
}

/* Calls of which it depends what is asked. */
static int allow_some(scmp_filter_ctx filter, enum sandbox_of of)
{
	int bad = 0;
	size_t family_count = of == SANDBOX_OF_RECURSOR ? FAMILIES_OF_RECURSOR : PF_COUNT(families);
	for (size_t i = 0; i < family_count; i++)
		bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
		                        SCMP_A0_32(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	for (size_t i = 0; i < PF_COUNT(prctls); i++)
		bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
		                        SCMP_A0_32(SCMP_CMP_EQ, (scmp_datum_t)prctls[i]));
	for (size_t i = 0; i < PF_COUNT(ioctls); i++)
		bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
		                        SCMP_A1_32(SCMP_CMP_EQ, ioctls[i]));
	bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
	                        SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0));
	/* Written or run, never both. */
	bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	                        SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	                        SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, 0));
	bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	                        SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_WRITE));
	bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	                        SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC));
	return bad;
}

static int fill(scmp_filter_ctx filter, enum sandbox_of of)
{
	int bad = 0;
	for (size_t i = 0; i < PF_COUNT(calls); i++)
		bad |= allow(filter, calls[i]);
	for (size_t i = 0; of == SANDBOX_OF_DAEMON && i < PF_COUNT(calls_of_daemon); i++)
		bad |= allow(filter, calls_of_daemon[i]);
	for (size_t i = 0; i < PF_COUNT(absent); i++) {
		int number = seccomp_syscall_resolve_name(absent[i]);
		if (number >= 0)
			bad |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0);
	}
	bad |= allow_some(filter, of);
	/* A tree instead of a long row of comparisons: the calls of the hot path are not all at its start. */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return bad;
}

int sandbox_fence_calls(enum sandbox_of of, bool kill)
{
	errno = 0;
	uint32_t otherwise = kill        ? SCMP_ACT_KILL_PROCESS
	                     : CAN_COUNT ? SCMP_ACT_TRAP
	                                 : SCMP_ACT_ERRNO(EPERM);
	if (prctl(PR_GET_SECCOMP) < 0)
		return PF_ENOENT;
	if (!kill)
		sandbox_watch_calls();
	scmp_filter_ctx filter = seccomp_init(otherwise);
	if (!filter)
		return PF_ENOMEM;
	int bad = fill(filter, of);
	if (!bad)
		bad = seccomp_load(filter);
	seccomp_release(filter);
	if (bad)
		errno = bad < 0 ? -bad : EINVAL;
	return bad ? PF_EIO : PF_OK;
}

void sandbox_call_name(int number, char text[SANDBOX_CALL_TEXT_MAX])
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
	if (name)
		snprintf(text, SANDBOX_CALL_TEXT_MAX, "%s", name);
	else
		snprintf(text, SANDBOX_CALL_TEXT_MAX, "call %d", number);
	free(name);
}

#else

int sandbox_fence_calls(enum sandbox_of of, bool kill)
{
	(void)of, (void)kill;
	return PF_ENOENT;
}

void sandbox_call_name(int number, char text[SANDBOX_CALL_TEXT_MAX])
{
	snprintf(text, SANDBOX_CALL_TEXT_MAX, "call %d", number);
}

#endif
