/* See http.h. */
#define _GNU_SOURCE
#include "unit/admin/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

int http_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 20};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

struct http_answer http_raw(const char *path, const char *bytes, size_t length)
{
	struct http_answer answer = {0};
	size_t used = 0, room = 1 << 16;
	int fd = http_connect(path);
	for (size_t sent = 0; sent < length;) {
		ssize_t now = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);
		if (now <= 0)
			break; /* it has said enough */
		sent += (size_t)now;
	}
	shutdown(fd, SHUT_WR); /* no more will come: garbage is not waited for to its end */
	answer.text = malloc(room);
	for (ssize_t now; (now = recv(fd, answer.text + used, room - used - 1, 0)) > 0;) {
		used += (size_t)now;
		if (room - used < 2)
			answer.text = realloc(answer.text, room *= 2);
		assert_non_null(answer.text);
	}
	close(fd);
	answer.text[used] = '\0';
	if (sscanf(answer.text, "HTTP/1.1 %d ", &answer.status) != 1)
		answer.status = 0;
	char *end = strstr(answer.text, "\r\n\r\n");
	answer.body = end ? end + 4 : "";
	answer.json = json_loads(answer.body, 0, NULL);
	return answer;
}

struct http_answer http_ask(const char *path, const char *method, const char *target,
                            const char *headers, const char *body)
{
	char *request;
	int length =
		asprintf(&request, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n%s",
	             method, target, headers ? headers : "", body ? body : "");
	assert_true(length > 0);
	struct http_answer answer = http_raw(path, request, (size_t)length);
	free(request);
	return answer;
}

const char *http_header(const struct http_answer *answer, const char *name)
{
	static char value[256];
	char line[128];
	snprintf(line, sizeof line, "\r\n%s: ", name);
	const char *at = strcasestr(answer->text, line);
	if (!at || at > answer->body)
		return NULL;
	at += strlen(line);
	snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
	return value;
}

void http_free(struct http_answer *answer)
{
	free(answer->text);
	json_decref(answer->json);
	*answer = (struct http_answer){0};
}
