/* portafilter-recursor CONFIG [KEY FIRST]   asks the authoritative name servers itself, and validates, for the daemon beside it
 *
 * The daemon starts it with a bound UDP socket as descriptor 3, its own lifeline as standard input (closed: the daemon is gone; a byte:
 * begin anew with what CONFIG says now) and a pipe as standard output, which has a line for each child that ended of itself. Two processes:
 * the one that is started only keeps the other, which holds libunbound and speaks with strangers, so that a crash of it, or a hang, costs
 * what was in flight there and nothing else. KEY is the file of the root's key that libunbound keeps up to date (RFC 5011); when it is not there, it begins
 * as a copy of FIRST. */
#define _GNU_SOURCE /* pipe2, tgkill */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/log.h"
#include "base/replace.h"
#include "recursor/resolver.h"
#include "stream/loopback.h"

#define SOCKET_FD 3
#define ERROR_MAX 500
#define KEY_BYTES_MAX 65536
#define PAUSE_MIN_MS 100 /* before a child that ended of itself is replaced; doubled each time */
#define PAUSE_MAX_MS 5000
#define BEAT_MS 1000  /* so often the child says that its loop turns */
#define HANG_MS 10000 /* who has not said so for so long is ended */
#define SOUND_S 60    /* who lived so long begins with the least pause again */

/* How a child ends that is not to be counted. */
enum end {
	END_DONE = 0,  /* the daemon is gone */
	END_ANEW = 10, /* there is another configuration */
	END_UNFIT = 11 /* this configuration can not be used */
};

static void on_lifeline(uv_poll_t *poll, int status, int events)
{
	char byte;
	(void)poll;
	(void)status;
	(void)events;
	ssize_t length = read(STDIN_FILENO, &byte, 1);
	if (length > 0)
		_exit(END_ANEW);
	if (!length || (errno != EAGAIN && errno != EINTR))
		_exit(END_DONE);
}

/* Nothing that is wrong here ends it: libunbound says better what it lacks. */
static void begin_key(const char *key, const char *first)
{
	char bytes[KEY_BYTES_MAX];
	FILE *from = access(key, F_OK) ? fopen(first, "r") : NULL;
	if (!from)
		return;
	size_t length = fread(bytes, 1, sizeof bytes, from);
	fclose(from);
	if (replace_file(key, bytes, length) != PF_OK)
		log_error("recursion: the root's key can not be written to %s: %s", key, strerror(errno));
}

static int ask_resolver(void *resolver, const struct dns_query *query, loopback_done done,
                        void *asker)
{
	return resolver_ask(resolver, query, done, asker);
}

static void on_beat(uv_timer_t *timer)
{
	(void)!write(*(const int *)timer->data, ".", 1); /* full: it was said already */
}

/* The child; never returns. */
static void serve(const char *config, int beats)
{
	uv_loop_t loop;
	uv_poll_t lifeline;
	uv_timer_t beat;
	char error[ERROR_MAX];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (uv_loop_init(&loop) || uv_poll_init(&loop, &lifeline, STDIN_FILENO) ||
	    uv_poll_start(&lifeline, UV_READABLE, on_lifeline))
		_exit(1);
	struct resolver *resolver = resolver_new(&loop, config, error, sizeof error);
	if (!resolver) {
		log_error("recursion: %s", error);
		_exit(END_UNFIT);
	}
	beat.data = &beats;
	if (!loopback_new(&loop, SOCKET_FD, ask_resolver, resolver) || uv_timer_init(&loop, &beat) ||
	    uv_timer_start(&beat, on_beat, 0, BEAT_MS))
		_exit(1);
	uv_run(&loop, UV_RUN_DEFAULT);
	_exit(1);
}

/* Waits for the daemon, at most this long (-1: for ever). False: it is gone. */
static bool wait_for_daemon(int ms)
{
	struct pollfd lifeline = {STDIN_FILENO, POLLIN, 0};
	char byte;
	if (poll(&lifeline, 1, ms) <= 0)
		return true;
	return read(STDIN_FILENO, &byte, 1) > 0;
}

/* Until it has ended, by itself or, when it hangs, by us. Its status. */
static int watch(pid_t child, int beats)
{
	struct pollfd beat = {beats, POLLIN, 0};
	char bytes[64];
	int status = 0, ready;
	do {
		ready = poll(&beat, 1, HANG_MS);
		/* Not kill(2), which is behind the fence. */
		if (!ready && !tgkill(child, child, SIGKILL))
			log_error("recursion: the recursor has hung for %d seconds and is ended",
			          HANG_MS / 1000);
	} while (ready < 0 ? errno == EINTR : ready && read(beats, bytes, sizeof bytes) > 0);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Runs one child to its end, and tells the daemon of one that was not to end. How long to wait before the next; -1 for ever. */
static int keep_one(const char *config, int pause_ms)
{
	struct timespec begun, ended;
	int beats[2], status = 0;
	clock_gettime(CLOCK_MONOTONIC, &begun);
	if (pipe2(beats, O_CLOEXEC | O_NONBLOCK))
		return PAUSE_MAX_MS;
	pid_t child = fork();
	if (!child)
		serve(config, beats[1]);
	close(beats[1]);
	if (child > 0)
		status = watch(child, beats[0]);
	close(beats[0]);
	if (child < 0)
		return PAUSE_MAX_MS;
	if (WIFEXITED(status) && WEXITSTATUS(status) == END_DONE)
		exit(0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == END_ANEW)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &ended);
	if (WIFSIGNALED(status))
		printf("ended by signal %d\n", WTERMSIG(status));
	else
		printf("ended with %d\n", WEXITSTATUS(status));
	fflush(stdout);
	if (WIFEXITED(status) && WEXITSTATUS(status) == END_UNFIT)
		return -1;
	if (ended.tv_sec - begun.tv_sec >= SOUND_S || !pause_ms)
		return PAUSE_MIN_MS;
	return pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
}

int main(int argc, char **argv)
{
	if ((argc != 2 && argc != 4) || argv[1][0] == '-') {
		fprintf(stderr,
		        "portafilter-recursor is started by portafilterd(8), and by nobody else.\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if (argc == 4)
		begin_key(argv[2], argv[3]);
	for (int pause_ms = 0;;) {
		pause_ms = keep_one(argv[1], pause_ms);
		if (pause_ms && !wait_for_daemon(pause_ms))
			return 0;
	}
}
