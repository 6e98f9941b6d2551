/* Sockets from one program to the next, see handover.h. */
#include "net/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OURS "PORTAFILTER_SOCKETS"
#define LISTEN_FDS_START 3 /* sd_listen_fds(3) */
#define FD_TEXT_MAX 12     /* a number and its comma */

static bool is_socket(int fd, int option, int *value)
{
	socklen_t length = sizeof *value;
	return !getsockopt(fd, SOL_SOCKET, option, value, &length);
}

static void add(struct handover *handover, long fd)
{
	int type;
	if (fd < LISTEN_FDS_START || fd > 1 << 20 || handover->count == HANDOVER_MAX ||
	    !is_socket((int)fd, SO_TYPE, &type))
		return;
	int flags = fcntl((int)fd, F_GETFL);
	if (flags < 0 || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl((int)fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return;
	handover->fds[handover->count++] = (int)fd;
}

void handover_receive(struct handover *handover)
{
	const char *ours = getenv(OURS), *theirs = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	handover->count = 0;
	for (const char *at = ours; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		add(handover, strtol(at, NULL, 10));
	if (theirs && pid && strtol(pid, NULL, 10) == (long)getpid()) {
		long count = strtol(theirs, NULL, 10);
		for (long i = 0; i < count && i < HANDOVER_MAX; i++)
			add(handover, LISTEN_FDS_START + i);
	}
	unsetenv(OURS);
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
}

static bool is_bound_to(int fd, const struct addr_port *address)
{
	struct sockaddr_storage bound;
	socklen_t length = sizeof bound;
	struct addr_port there;
	return !getsockname(fd, (struct sockaddr *)&bound, &length) &&
	       addr_from_sockaddr((struct sockaddr *)&bound, &there) == PF_OK &&
	       there.port == address->port && addr_equal(&there.addr, &address->addr);
}

int handover_take(struct handover *handover, const struct addr_port *address, int type)
{
	for (size_t i = 0; i < handover->count; i++) {
		int fd = handover->fds[i], its_type = 0;
		if (fd < 0 || !is_socket(fd, SO_TYPE, &its_type) || its_type != type ||
		    !is_bound_to(fd, address))
			continue;
		handover->fds[i] = -1;
		return fd;
	}
	return -1;
}

void handover_close(struct handover *handover)
{
	for (size_t i = 0; i < handover->count; i++)
		if (handover->fds[i] >= 0)
			close(handover->fds[i]);
	handover->count = 0;
}

int handover_keep_one(struct handover *handover, int fd)
{
	if (handover->count == HANDOVER_MAX)
		return PF_EFULL;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, LISTEN_FDS_START);
	if (copy < 0)
		return PF_EIO;
	handover->fds[handover->count++] = copy;
	return PF_OK;
}

int handover_keep(const struct socket_set *sets, size_t worker_count, struct handover *handover)
{
	handover->count = 0;
	for (size_t w = 0; w < worker_count; w++) {
		for (size_t i = 0; i < sets[w].count; i++) {
			const int both[] = {sets[w].pairs[i].udp, sets[w].pairs[i].tcp};
			for (size_t k = 0; k < PF_COUNT(both); k++) {
				if (both[k] < 0)
					continue;
				if (handover_keep_one(handover, both[k]) != PF_OK) {
					handover_close(handover);
					return PF_EIO;
				}
			}
		}
	}
	return PF_OK;
}

int handover_send(const struct handover *handover)
{
	char *text = malloc(handover->count * FD_TEXT_MAX + 1), *end = text;
	if (!text)
		return PF_ENOMEM;
	*text = '\0';
	for (size_t i = 0; i < handover->count; i++) {
		fcntl(handover->fds[i], F_SETFD, 0); /* it outlives this program */
		end += sprintf(end, i ? ",%d" : "%d", handover->fds[i]);
	}
	int error = setenv(OURS, text, 1) ? PF_ENOMEM : PF_OK;
	free(text);
	return error;
}
