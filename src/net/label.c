/* The snapshot's part in connections, see label.h. */
#include "net/label.h"

#include <string.h>

void label_of_name(const struct pipeline *pipeline, const char *name, char label[DEVICE_LABEL_MAX])
{
	const char *dot = strchr(name, '.');
	size_t length = dot ? (size_t)(dot - name) : 0;
	if (!length || length >= DEVICE_LABEL_MAX)
		return;
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(pipeline->shared->snapshot);
	const struct config_certificate *certificate = &snapshot->config->certificate;
	for (size_t i = 0; i < certificate->name_count; i++)
		if (!strcmp(certificate->names[i], dot + 1))
			memcpy(label, name, length);
	rcu_read_unlock();
}

size_t connections_max(const struct pipeline *pipeline)
{
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(pipeline->shared->snapshot);
	size_t max = snapshot->config->connections;
	rcu_read_unlock();
	return max;
}
