/* The certificate of the encrypted listeners, where the configuration names none: made at the first start. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/state.h"
#include "tls/server.h"

#define HOST_MAX 65 /* of this machine's name, HOST_NAME_MAX(7) */
#define NAMES_MAX (2 + 2 * CONFIG_CERTIFICATE_NAMES_MAX + CONFIG_LISTEN_MAX)
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

/* What clients may call us: this machine, the names of the configuration and all below them, the addresses. */
static void collect(const struct config *config, struct names *names)
{
	static const struct addr any4 = {.family = 4}, any6 = {.family = 6};
	char host[HOST_MAX] = "", text[ADDR_TEXT_MAX];
	names->count = 0;
	if (!gethostname(host, sizeof host - 1) && *host) {
		add(names, "", host, "");
		add(names, "", host, ".local");
	}
	for (size_t i = 0; i < config->certificate.name_count; i++) {
		add(names, "", config->certificate.names[i], "");
		add(names, "*.", config->certificate.names[i], "");
	}
	for (size_t i = 0; i < config->listen_count; i++) {
		const struct addr *addr = &config->listen[i].address.addr;
		if (!protocol_is_encrypted(config->listen[i].protocol) || addr_equal(addr, &any4) ||
		    addr_equal(addr, &any6))
			continue;
		addr_format(addr, text);
		add(names, "", text, "");
	}
}

int certificate_prepare(const struct config *config, char *error, size_t error_size)
{
	const struct config_certificate *certificate = &config->certificate;
	struct names names;
	if (!certificate->wanted || !certificate->made || !access(certificate->key, F_OK))
		return PF_OK;
	collect(config, &names);
	int result = tls_server_make(certificate->file, certificate->key, names.list, names.count,
	                             clock_now().wall_us / 1000000, error, error_size);
	if (result == PF_OK)
		log_info("%s was made: a certificate that is signed by itself, since listen.certificate "
		         "names none",
		         certificate->file);
	return result;
}
