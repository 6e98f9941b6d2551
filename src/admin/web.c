/* What listen.web needs of root: sockets, and the certificate. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin/web.h"
#include "base/buffer.h"
#include "base/log.h"

#define BACKLOG 128
#define PEM_BYTES_MAX (256u << 10) /* a certificate with its chain */

static int open_socket(const struct addr_port *address)
{
	struct sockaddr_storage bound;
	socklen_t length = addr_to_sockaddr(address, &bound);
	int yes = 1;
	int fd = socket(bound.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) &&
	    (address->addr.family == 4 ||
	     !setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes)) &&
	    !bind(fd, (struct sockaddr *)&bound, length) && !listen(fd, BACKLOG))
		return fd;
	int reason = errno;
	close(fd);
	errno = reason;
	return -1;
}

static char *read_pem(const char *path, char error[500])
{
	struct buffer text;
	char chunk[4096];
	FILE *file = fopen(path, "re");
	buffer_init(&text, PEM_BYTES_MAX);
	size_t length = 0;
	while (file && (length = fread(chunk, 1, sizeof chunk, file)) > 0)
		buffer_append(&text, chunk, length);
	bool good = file && !ferror(file) && !text.failed && text.data;
	if (!good)
		snprintf(error, 500, "%s can not be read: %s (listen.web.certificate).", path,
		         text.failed ? "it is too large for a certificate or a key"
		         : file      ? "it is empty"
		                     : strerror(errno));
	int reason = file ? 0 : errno;
	if (file)
		fclose(file);
	if (good)
		return text.data;
	buffer_deinit(&text);
	errno = reason;
	return NULL;
}

int admin_web_read(const struct config_web *config, char **certificate, char **key,
                   bool *unreadable, char error[500])
{
	*certificate = read_pem(config->certificate, error);
	*key = *certificate ? read_pem(config->key, error) : NULL;
	if (*key)
		return PF_OK;
	*unreadable = errno == EACCES;
	free(*certificate);
	*certificate = NULL;
	return PF_EIO;
}

static int open_all(const struct config_web *config,
                    int (*take)(void *data, const struct addr_port *address), void *take_data,
                    struct admin_web *web, char error[500])
{
	bool unreadable;
	if (config->certificate &&
	    admin_web_read(config, &web->certificate, &web->key, &unreadable, error) != PF_OK)
		return PF_EIO;
	for (size_t i = 0; i < config->name_count; i++) {
		web->names[i] = strdup(config->names[i]);
		if (!web->names[i])
			return PF_ENOMEM;
		web->name_count++;
	}
	for (size_t i = 0; i < config->count; i++) {
		char text[ADDR_PORT_TEXT_MAX];
		int fd = take(take_data, &config->addresses[i]);
		if (fd < 0)
			fd = open_socket(&config->addresses[i]);
		if (fd < 0) {
			addr_port_format(&config->addresses[i], text);
			snprintf(error, 500,
			         "Can not listen on %s for the dashboard: %s. Another address stands in "
			         "listen.web; `web: off` does without.",
			         text, strerror(errno));
			return PF_EIO;
		}
		web->addresses[web->count] = config->addresses[i];
		web->fds[web->count++] = fd;
	}
	return PF_OK;
}

size_t admin_web_sockets(const struct admin_web *web, int *fds)
{
	for (size_t i = 0; i < web->count; i++)
		fds[i] = web->fds[i];
	return web->count;
}

int admin_web_open(const struct config_web *config,
                   int (*take)(void *data, const struct addr_port *address), void *take_data,
                   struct admin_web **out, char error[500])
{
	struct admin_web *web = calloc(1, sizeof *web);
	*out = NULL;
	snprintf(error, 500, "There is no memory for the dashboard.");
	if (!web)
		return PF_ENOMEM;
	web->session_us = config->session_us;
	int result = open_all(config, take, take_data, web, error);
	if (result == PF_OK) {
		*out = web;
		return PF_OK;
	}
	admin_web_close(&web);
	if (config->pos.line || result == PF_ENOMEM)
		return result;
	/* Nobody has asked for it: DNS is answered without a dashboard. */
	log_warning("%s", error);
	return PF_OK;
}

void admin_web_announce(const struct admin_web *web)
{
	for (size_t i = 0; i < web->count; i++) {
		char text[ADDR_PORT_TEXT_MAX];
		addr_port_format(&web->addresses[i], text);
		log_info("the dashboard is at %s://%s/", web->certificate ? "https" : "http", text);
	}
}

void admin_web_close(struct admin_web **web)
{
	struct admin_web *old = *web;
	*web = NULL;
	if (!old)
		return;
	for (size_t i = 0; i < old->count; i++)
		if (old->fds[i] >= 0)
			close(old->fds[i]);
	for (size_t i = 0; i < old->name_count; i++)
		free(old->names[i]);
	free(old->certificate);
	free(old->key);
	free(old);
}

int admin_web_check(const struct admin_web *web, struct access *access, char error[500])
{
	if (access_has_password(access, ACCESS_ADMIN))
		return PF_OK;
	for (size_t i = 0; i < web->count; i++) {
		char text[ADDR_PORT_TEXT_MAX];
		if (addr_is_loopback(&web->addresses[i].addr))
			continue;
		addr_port_format(&web->addresses[i], text);
		snprintf(error, 500,
		         "listen.web has %s, which others can reach, and no password is set: type "
		         "`portafilter password` first (it needs no daemon), or listen on 127.0.0.1 only.",
		         text);
		return PF_EINVAL;
	}
	return PF_OK;
}
