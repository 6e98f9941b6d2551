/* The daemon's end of recursion.h. */
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC, pipe2 */
#include "daemon/recursion.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/counter.h"
#include "base/log.h"
#include "base/replace.h"
#include "daemon/recursion_text.h"
#include "daemon/sandbox.h"

#define INHERITED \
	"PORTAFILTER_RECURSOR" /* "LIFELINE REPORTS PID BRIDGE ADDRESS", of the program before this one */
#define PROGRAM "portafilter-recursor"
#define SOCKET_FD 3            /* as src/recursor/main.c has it */
#define BUFFER_BYTES (1 << 20) /* of the socket: what waits while a child is begun anew */
#define LINE_MAX_BYTES 80
#define TEXT_MAX_BYTES (1 << 20)

struct recursion {
	int lifeline; /* closed: it ends */
	int reports;
	pid_t pid;
	int bridge; /* the socket that its questions to `upstreams` come to */
	char address[ADDR_PORT_TEXT_MAX];
	uint64_t restarts;
	uv_poll_t poll;
	char line[LINE_MAX_BYTES];
	size_t line_length;
};

static int open_socket(const struct addr_port *address)
{
	struct sockaddr_storage at;
	socklen_t length = addr_to_sockaddr(address, &at);
	int fd = socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
		size = BUFFER_BYTES;
	if (fd < 0)
		return -1;
	(void)!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	if (!bind(fd, (struct sockaddr *)&at, length))
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int address_of(int fd, struct addr_port *address)
{
	struct sockaddr_storage at;
	socklen_t length = sizeof at;
	return getsockname(fd, (struct sockaddr *)&at, &length)
	           ? PF_EIO
	           : addr_from_sockaddr((struct sockaddr *)&at, address);
}

static void path_of(const struct config *config, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/" RECURSION_FOLDER "/%s", config->state, name);
}

/* The folder that the recursor alone writes to; what stood beside it before is taken along. */
static int make_folder(const struct config *config, char *error, size_t error_size)
{
	char path[PATH_MAX], before[PATH_MAX], key[PATH_MAX];
	path_of(config, "", path);
	if (mkdir(path, 0700) && errno != EEXIST) {
		snprintf(error, error_size, "The recursor's folder %s can not be made: %s.", path,
		         strerror(errno));
		return PF_EIO;
	}
	path_of(config, RECURSION_KEY, key);
	snprintf(before, sizeof before, "%s/" RECURSION_KEY, config->state);
	if (access(key, F_OK) && !access(before, F_OK) && rename(before, key))
		log_error("the root's key can not be moved from %s to %s: %s", before, key,
		          strerror(errno));
	return PF_OK;
}

/* 1: it says something new now; 0: it is what was there already. */
static int write_text(const struct recursion *recursion, const struct config *config, char *error,
                      size_t error_size)
{
	char path[PATH_MAX];
	struct replacement file;
	struct addr_port bridge;
	char *text =
		address_of(recursion->bridge, &bridge) == PF_OK ? recursion_text(config, &bridge) : NULL;
	int result = text ? PF_OK : PF_ENOMEM;
	bool same = false;
	path_of(config, "recursor.conf", path);
	errno = ENOMEM;
	if (result == PF_OK)
		result = replace_begin(&file, path, REPLACE_MODE, TEXT_MAX_BYTES);
	if (result == PF_OK)
		result = replace_write(&file, text, strlen(text));
	same = result == PF_OK && replace_is_same(&file);
	if (same)
		replace_abort(&file);
	else if (result == PF_OK)
		result = replace_commit(&file, REPLACE_SYNCED);
	free(text);
	if (result != PF_OK)
		snprintf(error, error_size, "What the recursor is told can not be written to %s: %s.", path,
		         strerror(errno));
	return result == PF_OK ? !same : result;
}

/* The child: never returns. */
static void become(const int fds[3], const struct config *config)
{
	char program[PATH_MAX], beside[PATH_MAX], path[PATH_MAX], anchor[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
	program[length > 0 ? length : 0] = '\0';
	snprintf(beside, sizeof beside, "%s/" PROGRAM, dirname(program));
	path_of(config, "recursor.conf", path);
	path_of(config, RECURSION_KEY, anchor);
	static const int places[3] = {STDIN_FILENO, STDOUT_FILENO, SOCKET_FD};
	for (size_t i = 0; i < 3; i++)
		if (dup2(fds[i], places[i]) < 0)
			_exit(1);
	if (sandbox_enter_recursor(config) != PF_OK) {
		log_error("the recursor's sandbox can not be put up: %s. `sandbox: off` does without it.",
		          strerror(errno));
		_exit(1);
	}
	execl(beside, PROGRAM, path, anchor, config->recursion.anchor, (char *)NULL);
	log_error("%s can not be run: %s", beside, strerror(errno));
	_exit(1);
}

/* Above the places that the child's descriptors get. */
static int lift(int *fd)
{
	int lifted = fcntl(*fd, F_DUPFD_CLOEXEC, 16);
	close(*fd);
	*fd = lifted;
	return lifted < 0 ? PF_EIO : PF_OK;
}

static int spawn(struct recursion *recursion, int fd, const struct config *config)
{
	int down[2] = {-1, -1}, up[2] = {-1, -1};
	int result = pipe2(down, O_CLOEXEC) || pipe2(up, O_CLOEXEC) ? PF_EIO : PF_OK;
	int fds[3] = {down[0], up[1], fd};
	for (size_t i = 0; i < 3 && result == PF_OK; i++)
		result = lift(&fds[i]);
	if (result == PF_OK) {
		recursion->pid = fork();
		if (!recursion->pid)
			become(fds, config);
		result = recursion->pid > 0 ? PF_OK : PF_EIO;
	}
	for (size_t i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	recursion->lifeline = down[1];
	recursion->reports = up[0];
	return result;
}

/* Beside the recursor's own place, on a port that the system chooses. */
static int open_bridge(const struct config *config)
{
	struct addr_port any = config->recursion.address;
	any.port = 0;
	return open_socket(&any);
}

int recursion_start(const struct config *config, struct recursion **out, char *error,
                    size_t error_size)
{
	*out = NULL;
	struct recursion *recursion = calloc(1, sizeof *recursion);
	if (!recursion) {
		snprintf(error, error_size, "There is no memory for the recursor.");
		return PF_ENOMEM;
	}
	addr_port_format(&config->recursion.address, recursion->address);
	recursion->bridge = open_bridge(config);
	int fd = recursion->bridge < 0 ? -1 : open_socket(&config->recursion.address);
	int result = fd < 0 ? PF_EIO : make_folder(config, error, error_size);
	if (result == PF_OK)
		result = write_text(recursion, config, error, error_size);
	bool told = fd >= 0 && result < 0;
	if (result >= 0)
		result = spawn(recursion, fd, config);
	else if (fd >= 0)
		close(fd);
	if (result == PF_OK) {
		*out = recursion;
		return PF_OK;
	}
	if (!told)
		snprintf(error, error_size,
		         "The recursor can not be started on %s (recursion.address): %s.",
		         recursion->address, strerror(errno));
	if (recursion->bridge >= 0)
		close(recursion->bridge);
	free(recursion);
	return PF_EIO;
}

bool recursion_fits(const struct recursion *recursion, const struct config *config, char *error,
                    size_t error_size)
{
	char address[ADDR_PORT_TEXT_MAX];
	addr_port_format(&config->recursion.address, address);
	if (!config_recurses(config) || (recursion && !strcmp(recursion->address, address)))
		return true;
	if (recursion)
		snprintf(
			error, error_size,
			"`recursion.address` is another one than at the start of the daemon, %s: restart it",
			recursion->address);
	else
		snprintf(error, error_size,
		         "the recursor is begun with the daemon, before its sandbox closes: restart it");
	return false;
}

struct recursion *recursion_receive(void)
{
	const char *text = getenv(INHERITED);
	struct recursion *recursion = text ? calloc(1, sizeof *recursion) : NULL;
	if (recursion && (sscanf(text, "%d %d %d %d %55s", &recursion->lifeline, &recursion->reports,
	                         &recursion->pid, &recursion->bridge, recursion->address) != 5 ||
	                  fcntl(recursion->lifeline, F_SETFD, FD_CLOEXEC) < 0 ||
	                  fcntl(recursion->bridge, F_SETFD, FD_CLOEXEC) < 0 ||
	                  fcntl(recursion->reports, F_SETFD, FD_CLOEXEC) < 0)) {
		free(recursion);
		recursion = NULL;
	}
	unsetenv(INHERITED);
	return recursion;
}

void recursion_send(struct recursion *recursion)
{
	char text[64 + ADDR_PORT_TEXT_MAX];
	snprintf(text, sizeof text, "%d %d %d %d %s", recursion->lifeline, recursion->reports,
	         recursion->pid, recursion->bridge, recursion->address);
	if (fcntl(recursion->lifeline, F_SETFD, 0) < 0 || fcntl(recursion->reports, F_SETFD, 0) < 0 ||
	    fcntl(recursion->bridge, F_SETFD, 0) < 0 || setenv(INHERITED, text, 1))
		log_error("the recursor can not be handed over");
}

/* ---- what it says ------------------------------------------------------------------------ */

static void take_line(struct recursion *recursion)
{
	recursion->line[recursion->line_length] = '\0';
	recursion->line_length = 0;
	counter_add(&recursion->restarts, 1);
	log_error("the recursor %s: what it was asked meanwhile is asked again, and it is begun anew",
	          recursion->line);
}

static void on_report(uv_poll_t *poll, int status, int events)
{
	struct recursion *recursion = poll->data;
	char bytes[LINE_MAX_BYTES];
	(void)events;
	ssize_t length = status < 0 ? 0 : read(recursion->reports, bytes, sizeof bytes);
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0) {
		uv_poll_stop(poll);
		log_error(
			"the recursor is gone: names that nobody has asked for lately are not found until the daemon is "
			"started anew");
		return;
	}
	for (ssize_t i = 0; i < length; i++) {
		if (bytes[i] == '\n')
			take_line(recursion);
		else if (recursion->line_length < sizeof recursion->line - 1)
			recursion->line[recursion->line_length++] = bytes[i];
	}
}

void recursion_watch(struct recursion *recursion, uv_loop_t *loop)
{
	recursion->poll.data = recursion;
	if (uv_poll_init(loop, &recursion->poll, recursion->reports) ||
	    uv_poll_start(&recursion->poll, UV_READABLE, on_report))
		log_error("the recursor can not be watched");
}

int recursion_configure(struct recursion *recursion, const struct config *config)
{
	char error[PATH_MAX + 200];
	int changed = write_text(recursion, config, error, sizeof error);
	if (changed < 0) {
		log_error("%s", error);
		return changed;
	}
	if (changed && write(recursion->lifeline, "!", 1) != 1)
		return PF_EIO;
	return PF_OK;
}

int recursion_bridge(const struct recursion *recursion)
{
	return recursion->bridge;
}

uint64_t recursion_restarts(const struct recursion *recursion)
{
	return counter_read(&recursion->restarts);
}

void recursion_free(struct recursion **recursion)
{
	struct recursion *old = *recursion;
	if (!old)
		return;
	close(old->lifeline);
	close(old->reports);
	close(old->bridge);
	while (waitpid(old->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(old);
	*recursion = NULL;
}
