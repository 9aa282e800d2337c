#include "scheduler/service.h"

double service_dice(struct service *service)
{
    /* xorshift64* (Vigna, 2016): jitter needs no more. */
    service->dice ^= service->dice >> 12;
    service->dice ^= service->dice << 25;
    service->dice ^= service->dice >> 27;
    return (double)((service->dice * UINT64_C(2685821657736338717)) >> 11) / 9007199254740992.0;
}

void service_pump_soon(struct service *service)
{
    alarm_set(service->pump, 0);
}
