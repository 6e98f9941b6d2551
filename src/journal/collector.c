/* The collector of collector.h. */
#define _GNU_SOURCE /* sendmmsg */
#include "journal/collector.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define SEND_COUNT 256         /* messages in one system call */
#define GONE_MS 30000          /* a host that acknowledges nothing for so long is gone */
#define SOCKET_BYTES (1 << 20) /* asked of the kernel; it gives what it allows */
/* More than this is given back when it is empty: what a part needs is not, or each would fault its pages in anew. */
#define KEPT_MEMORY_BYTES (4u * COLLECTOR_PART_BYTES)
#define MESSAGE_BYTES_MIN 32 /* on an average: so many lengths are kept at most */

static void say_text(struct collector *collector)
{
	char address[ADDR_PORT_TEXT_MAX];
	if (collector->place.transport == CONFIG_UNIX) {
		snprintf(collector->text, sizeof collector->text, "%s", collector->place.path);
		return;
	}
	addr_port_format(&collector->place.address, address);
	snprintf(collector->text, sizeof collector->text, "%s://%s",
	         collector->place.transport == CONFIG_TCP ? "tcp" : "udp", address);
}

int collector_init(struct collector *collector, const struct config_collector *place,
                   bool datagrams)
{
	*collector = (struct collector){.place = *place, .datagrams = datagrams, .fd = -1};
	buffer_init(&collector->kept, COLLECTOR_KEPT_MAX);
	buffer_init(&collector->lengths, COLLECTOR_KEPT_MAX / MESSAGE_BYTES_MIN * sizeof(uint32_t));
	if (place->transport == CONFIG_UNIX && !(collector->place.path = strdup(place->path)))
		return PF_ENOMEM;
	say_text(collector);
	return PF_OK;
}

void collector_deinit(struct collector *collector)
{
	collector_close(collector);
	buffer_deinit(&collector->kept);
	buffer_deinit(&collector->lengths);
	free(collector->place.path);
	collector->place.path = NULL;
}

void collector_close(struct collector *collector)
{
	if (collector->fd >= 0)
		close(collector->fd);
	collector->fd = -1;
	collector->connected = false;
	collector->sent = 0; /* the message that was cut goes once more */
}

static size_t kept_count(const struct collector *collector)
{
	return (collector->lengths.length - collector->length_at) / sizeof(uint32_t);
}

void collector_tell_lost(const struct collector *collector)
{
	if (kept_count(collector))
		log_error(
			"The collector %s had not taken the messages of %llu queries at the end: they are "
			"lost to it.",
			collector->text, (unsigned long long)kept_count(collector));
}

int collector_fail(struct collector *collector, char *error, size_t error_size, const char *what)
{
	snprintf(error, error_size, "The collector %s %s.", collector->text, what);
	if (collector->fd >= 0)
		collector->broken++;
	collector_close(collector);
	return PF_EIO;
}

bool collector_wait(const struct collector *collector, short events, int timeout_ms)
{
	struct pollfd fd = {.fd = collector->fd, .events = events};
	return poll(&fd, 1, timeout_ms) > 0;
}

/* ---- the connection ---------------------------------------------------------------------- */

static socklen_t address_of(const struct config_collector *place, struct sockaddr_storage *out)
{
	if (place->transport != CONFIG_UNIX)
		return addr_to_sockaddr(&place->address, out);
	struct sockaddr_un *address = (struct sockaddr_un *)out;
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof address->sun_path, "%s", place->path);
	return sizeof *address;
}

static void tune(const struct collector *collector)
{
	int bytes = SOCKET_BYTES, one = 1;
	unsigned gone_ms = GONE_MS;
	setsockopt(collector->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	if (collector->place.transport != CONFIG_TCP)
		return;
	setsockopt(collector->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &gone_ms, sizeof gone_ms);
	setsockopt(collector->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(collector->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
}

static int begin_connecting(struct collector *collector, int64_t now_us)
{
	struct sockaddr_storage address;
	socklen_t length = address_of(&collector->place, &address);
	int type = collector->datagrams ? SOCK_DGRAM : SOCK_STREAM;
	collector->fd = socket(address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (collector->fd < 0)
		return errno;
	tune(collector);
	collector->since_us = now_us;
	collector->connected = !connect(collector->fd, (struct sockaddr *)&address, length);
	return collector->connected || errno == EINPROGRESS ? 0 : errno;
}

int collector_connect(struct collector *collector, int64_t now_us, char *error, size_t error_size)
{
	char why[128];
	int code = collector->fd < 0 ? begin_connecting(collector, now_us) : 0;
	socklen_t length = sizeof code;
	if (!code && !collector->connected && collector_wait(collector, POLLOUT, COLLECTOR_WAIT_MS)) {
		if (getsockopt(collector->fd, SOL_SOCKET, SO_ERROR, &code, &length))
			code = errno;
		collector->connected = !code;
	}
	if (collector->connected)
		return PF_OK;
	if (!code && now_us - collector->since_us < COLLECTOR_CONNECT_MS * INT64_C(1000)) {
		snprintf(error, error_size, "The collector %s does not answer yet.", collector->text);
		return PF_EIO;
	}
	snprintf(why, sizeof why, "can not be reached: %s", strerror(code ? code : ETIMEDOUT));
	return collector_fail(collector, error, error_size, why);
}

/* ---- messages ---------------------------------------------------------------------------- */

static size_t length_at(const struct collector *collector, size_t at)
{
	uint32_t length;
	memcpy(&length, collector->lengths.data + at, sizeof length);
	return length;
}

/* So many bytes more are gone; what is gone of the next message begins anew on another connection. */
static void forget_bytes(struct collector *collector, size_t bytes)
{
	collector->sent += bytes;
	while (collector->length_at < collector->lengths.length) {
		size_t length = length_at(collector, collector->length_at);
		if (collector->sent < length)
			return;
		collector->sent -= length;
		collector->at += length;
		collector->length_at += sizeof(uint32_t);
	}
}

static int send_datagrams(struct collector *collector)
{
	struct mmsghdr messages[SEND_COUNT] = {0};
	struct iovec parts[SEND_COUNT];
	unsigned count = 0;
	char *bytes = collector->kept.data + collector->at;
	for (size_t at = collector->length_at; at < collector->lengths.length && count < SEND_COUNT;
	     at += sizeof(uint32_t), count++) {
		parts[count] = (struct iovec){bytes, length_at(collector, at)};
		bytes += parts[count].iov_len;
		messages[count].msg_hdr.msg_iov = &parts[count];
		messages[count].msg_hdr.msg_iovlen = 1;
	}
	int sent = sendmmsg(collector->fd, messages, count, MSG_NOSIGNAL | MSG_DONTWAIT);
	for (int i = 0; i < sent; i++)
		forget_bytes(collector, parts[i].iov_len);
	return sent < 0 ? errno : 0;
}

static int send_stream(struct collector *collector)
{
	size_t gone = collector->at + collector->sent;
	ssize_t sent = send(collector->fd, collector->kept.data + gone, collector->kept.length - gone,
	                    MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return errno;
	forget_bytes(collector, (size_t)sent);
	return 0;
}

/* The memory of what is gone is given back, or used again. */
static void forget_sent(struct collector *collector)
{
	struct buffer *kept = &collector->kept;
	if (collector->at < kept->length)
		return;
	collector->at = collector->length_at = collector->sent = 0;
	kept->length = collector->lengths.length = 0;
	if (kept->room > KEPT_MEMORY_BYTES) {
		buffer_deinit(kept);
		buffer_deinit(&collector->lengths);
	}
}

static int takes_no_more(struct collector *collector, char *error, size_t error_size)
{
	collector->stalled = true;
	snprintf(error, error_size,
	         "The collector %s does not take what it is sent; %llu messages wait for it.",
	         collector->text, (unsigned long long)kept_count(collector));
	return PF_EIO;
}

static int send_kept(struct collector *collector, int spend_ms, char *error, size_t error_size)
{
	char why[128];
	collector->stalled = false;
	int64_t until_us = clock_now().mono_us + spend_ms * INT64_C(1000);
	while (collector->at < collector->kept.length) {
		int code = collector->datagrams ? send_datagrams(collector) : send_stream(collector);
		if (!code || code == EINTR)
			continue;
		/* ENOBUFS: a network card that is busy; poll does not know. */
		bool busy = code == EAGAIN || code == EWOULDBLOCK || code == ENOBUFS;
		if (busy && clock_now().mono_us < until_us &&
		    collector_wait(collector, POLLOUT, COLLECTOR_WAIT_MS) && code != ENOBUFS)
			continue;
		if (busy)
			return takes_no_more(collector, error, error_size);
		snprintf(why, sizeof why, "can not be reached any more: %s", strerror(code));
		return collector_fail(collector, error, error_size, why);
	}
	forget_sent(collector);
	return PF_OK;
}

int collector_send(struct collector *collector, char *error, size_t error_size)
{
	return send_kept(collector, COLLECTOR_SPEND_MS, error, error_size);
}

/* ---- what is kept ------------------------------------------------------------------------- */

/* Room is made by what is gone already. */
static void move_down(struct buffer *buffer, size_t *at)
{
	buffer->length -= *at;
	memmove(buffer->data, buffer->data + *at, buffer->length);
	*at = 0;
}

/* Has the buffer room for so much more, what is gone from it being forgotten? */
static bool make_room(struct buffer *buffer, size_t *at, size_t need)
{
	if (*at && buffer->max - buffer->length < need)
		move_down(buffer, at);
	bool made = buffer_reserve(buffer, need);
	buffer->failed = false;
	return made;
}

void *collector_make_room(struct collector *collector, size_t length)
{
	struct buffer *kept = &collector->kept;
	char ignored[256];
	if (kept->length - collector->at >= COLLECTOR_PART_BYTES && collector->connected &&
	    !collector->stalled)
		(void)!send_kept(collector, COLLECTOR_PART_MS, ignored, sizeof ignored);
	if (!make_room(kept, &collector->at, length) ||
	    !make_room(&collector->lengths, &collector->length_at, sizeof(uint32_t)))
		return NULL;
	return kept->data + kept->length;
}

int collector_keep(struct collector *collector, const void *message, size_t length)
{
	void *room = collector_room(collector, length);
	if (!room)
		return PF_EFULL;
	memcpy(room, message, length);
	collector_kept(collector, length);
	return PF_OK;
}
