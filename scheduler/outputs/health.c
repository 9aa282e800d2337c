typedef int scheduler_health;
