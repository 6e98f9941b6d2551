/* The upstreams of a configuration that names none: the name servers of resolv.conf(5). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/sections.h"

#define RESOLV_LINE_MAX 1024 /* bytes; longer lines are cut: no name server stands that far out */
#define RESOLV_LINES_MAX 4096
#define DNS_PORT 53

static const struct config_pos nowhere;

/* Would a query to it come back to us? That is so once this machine resolves through portafilter. */
static bool is_ourselves(const struct config *config, const struct addr_port *server)
{
	static const struct addr any4 = {.family = 4}, any6 = {.family = 6};
	bool loopback = addr_is_loopback(&server->addr);
	for (size_t i = 0; i < config->listen_count; i++) {
		const struct addr *own = &config->listen[i].address.addr;
		if (config->listen[i].address.port != server->port)
			continue;
		if (addr_equal(own, &server->addr) ||
		    (loopback &&
		     (addr_equal(own, &any6) || (server->addr.family == 4 && addr_equal(own, &any4)))))
			return true;
	}
	return false;
}

static void take_server(struct reader *reader, const char *text, size_t *own)
{
	struct config *config = reader->config;
	struct addr_port server = {.port = DNS_PORT};
	if (config->upstream_count == CONFIG_UPSTREAM_MAX)
		return;
	if (addr_parse(text, &server.addr) != PF_OK) {
		tell_warning(
			reader, nowhere,
			"the name server `%.64s` of %s is left out: only addresses without a zone can be asked",
			text, reader->system->resolv_conf);
		return;
	}
	addr_unmap(&server.addr);
	if (is_ourselves(config, &server)) {
		++*own;
		return;
	}
	for (size_t i = 0; i < config->upstream_count; i++)
		if (addr_equal(&config->upstreams[i].address.addr, &server.addr))
			return;
	config->upstreams[config->upstream_count++] = upstream_target_plain(&server);
}

static size_t read_servers(struct reader *reader, FILE *file)
{
	static const char blanks[] = " \t\r\n";
	char line[RESOLV_LINE_MAX];
	size_t own = 0;
	for (size_t i = 0; i < RESOLV_LINES_MAX && fgets(line, sizeof line, file); i++) {
		size_t word = strcspn(line, blanks);
		if (word != strlen("nameserver") || memcmp(line, "nameserver", word))
			continue;
		char *text = line + word + strspn(line + word, blanks);
		text[strcspn(text, blanks)] = '\0';
		if (*text)
			take_server(reader, text, &own);
	}
	return own;
}

void default_upstreams(struct reader *reader)
{
	const char *path = reader->system->resolv_conf;
	FILE *file = fopen(path, "re");
	if (!file) {
		tell_error(reader, nowhere,
		           "there are no `upstreams`, and %s can not be read (%s); name resolvers, like "
		           "`upstreams: [9.9.9.9]`",
		           path, strerror(errno));
		return;
	}
	size_t own = read_servers(reader, file);
	fclose(file);
	if (reader->config->upstream_count)
		return;
	tell_error(
		reader, nowhere,
		"there are no `upstreams`, and %s names %s; name resolvers, like `upstreams: [9.9.9.9]`",
		path, own ? "only addresses on which this daemon itself listens" : "no name server");
}
