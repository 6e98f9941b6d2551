/* The certificate of the encrypted listeners, where the configuration names none: made at the first start. */
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/state.h"
#include "tls/server.h"

#define HOST_MAX 65       /* of this machine's name, HOST_NAME_MAX(7) */
#define INTERFACES_MAX 32 /* addresses of this machine, when we listen on all of them */
#define NAMES_MAX (3 + 2 * CONFIG_CERTIFICATE_NAMES_MAX + CONFIG_LISTEN_MAX + INTERFACES_MAX)
#define NAME_ROOM (NAME_TEXT_MAX + 8)

struct names {
	size_t count;
	const char *list[NAMES_MAX];
	char texts[NAMES_MAX][NAME_ROOM];
};

static void add(struct names *names, const char *before, const char *name, const char *behind)
{
	char *text = names->texts[names->count];
	snprintf(text, NAME_ROOM, "%s%s%s", before, name, behind);
	names->list[names->count++] = text;
}

static void add_address(struct names *names, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];
	addr_format(addr, text);
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->list[i], text))
			return;
	if (names->count < NAMES_MAX)
		add(names, "", text, "");
}

/* The addresses of this machine, but those of a link. False: they can not be known. */
static bool add_interfaces(struct names *names, uint8_t family)
{
	struct ifaddrs *all;
	size_t count = 0;
	if (getifaddrs(&all))
		return false;
	for (const struct ifaddrs *one = all; one && count < INTERFACES_MAX; one = one->ifa_next) {
		struct addr_port at;
		if (!one->ifa_addr || addr_from_sockaddr(one->ifa_addr, &at) != PF_OK ||
		    at.addr.family != family || addr_is_link_local6(&at.addr))
			continue;
		add_address(names, &at.addr);
		count++;
	}
	freeifaddrs(all);
	return true;
}

/* What clients may call us: this machine, the names of the configuration and all below them, and all addresses, also those where
 * we listen without TLS: who asks there whether there is more (RFC 9462) wants to find that address in the certificate. False: some
 * may be missing. */
static bool collect(const struct config *config, struct names *names)
{
	char host[HOST_MAX] = "", name[NAME_TEXT_MAX];
	names->count = 0;
	if (!gethostname(host, sizeof host - 1) && *host) {
		add(names, "", host, "");
		add(names, "", host, ".local");
	}
	if (config->discovery.named) {
		dns_name_to_text(&config->discovery.name, name);
		add(names, "", name, "");
	}
	for (size_t i = 0; i < config->certificate.name_count; i++) {
		add(names, "", config->certificate.names[i], "");
		add(names, "*.", config->certificate.names[i], "");
	}
	bool whole = true;
	for (size_t i = 0; i < config->listen_count; i++) {
		const struct addr *addr = &config->listen[i].address.addr;
		if (addr_is_any(addr))
			whole = add_interfaces(names, addr->family) && whole;
		else
			add_address(names, addr);
	}
	return whole;
}

int certificate_prepare(const struct config *config, char *error, size_t error_size)
{
	const struct config_certificate *certificate = &config->certificate;
	struct names names;
	if (!certificate->wanted || !certificate->made)
		return PF_OK;
	bool whole = collect(config, &names);
	bool first = access(certificate->key, F_OK) != 0;
	if (!first && (!whole || tls_certificate_names(certificate->file, names.list, names.count)))
		return PF_OK;
	int result = tls_server_make(certificate->file, certificate->key, names.list, names.count,
	                             clock_now().wall_us / 1000000, error, error_size);
	if (result == PF_OK && first)
		log_info("%s was made: a certificate that is signed by itself, since listen.certificate "
		         "names none",
		         certificate->file);
	else if (result == PF_OK)
		log_info("%s was renewed for the names and addresses of now; its key, and so its pin, is "
		         "the same",
		         certificate->file);
	return result;
}
