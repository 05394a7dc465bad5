/* SPDX-License-Identifier: MIT */
#include "src/request/service.h"

int service_open(struct service *service, const char *temp_path)
{
	*service = (struct service){.starter = STARTER_NONE};
	int r = starter_open(&service->starter, temp_path);
	if (r == 0)
		r = admission_new(&service->admission);
	if (r == 0)
		r = observer_open(&service->observer);
	if (r < 0)
		service_close(service);
	service->sharing = (struct sharing){
		.starter = &service->starter,
		.observer = &service->observer,
		.admission = service->admission,
	};
	return r;
}

void service_close(struct service *service)
{
	starter_close(&service->starter);
	admission_free(service->admission);
	service->admission = NULL;
	observer_close(&service->observer);
}
