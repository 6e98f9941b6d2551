/* Who passes, see gate.h. */
#include "admin/gate.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HOST_BYTES_MAX 300 /* a domain name and a port */

static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	return digits && digits <= 5 && !text[digits];
}

/* "[2001:db8::1]:8053" to "2001:db8::1", in lower case. False: it is no host. */
static bool strip_port(const char *host, char name[HOST_BYTES_MAX])
{
	size_t length = strlen(host), end = length;
	bool bracket = host[0] == '[';
	if (!length || length >= HOST_BYTES_MAX)
		return false;
	if (bracket) {
		const char *close = strchr(host, ']');
		if (!close || (close[1] && (close[1] != ':' || !is_port(close + 2))))
			return false;
		end = (size_t)(close - host);
	} else {
		const char *colon = strchr(host, ':');
		if (colon && !is_port(colon + 1))
			return false;
		end = colon ? (size_t)(colon - host) : length;
	}
	size_t used = 0;
	for (size_t i = bracket; i < end; i++)
		name[used++] = host[i] >= 'A' && host[i] <= 'Z' ? (char)(host[i] + 32) : host[i];
	name[used] = '\0';
	return used > 0;
}

bool gate_knows_host(const char *host, const char *const *names, size_t name_count)
{
	char name[HOST_BYTES_MAX];
	struct addr addr;
	if (!strip_port(host, name))
		return false;
	/* Whoever has an address in the URL has asked no DNS that could have lied. */
	if (addr_parse(name, &addr) == PF_OK)
		return host[0] == '[' ? addr.family == 6 : addr.family == 4;
	if (host[0] == '[')
		return false;
	if (!strcmp(name, "localhost"))
		return true;
	for (size_t i = 0; i < name_count; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

bool gate_is_own_origin(const char *origin, const char *scheme, const char *host)
{
	size_t length = strlen(scheme);
	return !strncasecmp(origin, scheme, length) && !strncmp(origin + length, "://", 3) &&
	       !strcasecmp(origin + length + 3, host);
}

const char *gate_cookie_name(bool tls)
{
	return tls ? "__Host-portafilter" : "portafilter";
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool is_json(const char *type)
{
	static const char json[] = "application/json";
	return type && !strncasecmp(type, json, sizeof json - 1) &&
	       strchr("; \t", type[sizeof json - 1]); /* or its end */
}

int gate_check_origin(const struct gate *gate, struct MHD_Connection *connection, bool changes,
                      char error[500])
{
	const char *host = header(connection, MHD_HTTP_HEADER_HOST);
	const char *origin = header(connection, MHD_HTTP_HEADER_ORIGIN);
	if (!host || !gate_knows_host(host, gate->names, gate->name_count)) {
		snprintf(error, 500,
		         "\"%.200s\" is not known as a name of this machine: use its address, or add the "
		         "name to listen.web.names.",
		         host ? host : "");
		return 403;
	}
	if (origin && !gate_is_own_origin(origin, gate->tls ? "https" : "http", host)) {
		snprintf(error, 500, "Pages of %.200s may not ask here.", origin);
		return 403;
	}
	if (changes && !is_json(header(connection, MHD_HTTP_HEADER_CONTENT_TYPE))) {
		snprintf(error, 500, "What is sent must be JSON (Content-Type: application/json).");
		return 415;
	}
	return 0;
}

static void know_address(struct MHD_Connection *connection, struct caller *caller)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct addr_port from;
	if (info && info->client_addr && addr_from_sockaddr(info->client_addr, &from) == PF_OK)
		caller->addr = from.addr;
}

void gate_identify(const struct gate *gate, struct MHD_Connection *connection,
                   struct caller *caller)
{
	static const char bearer[] = "Bearer ";
	const char *authorization = header(connection, MHD_HTTP_HEADER_AUTHORIZATION);
	const char *cookie =
		MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, gate_cookie_name(gate->tls));
	*caller = (struct caller){.tls = gate->tls};
	know_address(connection, caller);
	if (authorization) {
		if (!strncasecmp(authorization, bearer, sizeof bearer - 1))
			caller->role = access_token(gate->access, authorization + sizeof bearer - 1);
		if (caller->role != ACCESS_NOBODY)
			snprintf(caller->token, sizeof caller->token, "%s", authorization + sizeof bearer - 1);
	} else if (cookie && strlen(cookie) < sizeof caller->session) {
		caller->role = access_session(gate->access, cookie, clock_now(), &caller->expires_wall_us);
		if (caller->role != ACCESS_NOBODY)
			snprintf(caller->session, sizeof caller->session, "%s", cookie);
	}
}

int gate_check_role(const struct gate *gate, const struct route *route, const struct caller *caller,
                    struct MHD_Connection *connection, char error[500])
{
	/* A browser sends the Origin with all that changes something; without one the cookie is no proof that our page has asked. */
	if ((route->flags & ROUTE_CHANGES) && *caller->session &&
	    !header(connection, MHD_HTTP_HEADER_ORIGIN)) {
		snprintf(
			error, 500,
			"A session's request must say where it comes from (Origin); programs use a token.");
		return 403;
	}
	if (route->flags & ROUTE_FOR_ALL)
		return 0;
	if (caller->role == ACCESS_NOBODY && !access_has_password(gate->access, ACCESS_ADMIN)) {
		snprintf(error, 500,
		         "No password is set yet: type `portafilter password` on the machine that runs "
		         "portafilter.");
		return 401;
	}
	if (caller->role == ACCESS_NOBODY) {
		snprintf(error, 500,
		         "Log in first (POST /api/v1/login), or send a token (Authorization: Bearer …).");
		return 401;
	}
	if ((route->flags & ROUTE_CHANGES) && caller->role != ACCESS_ADMIN) {
		snprintf(error, 500, "A viewer may look at everything and change nothing.");
		return 403;
	}
	return 0;
}
