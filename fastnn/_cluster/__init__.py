"""What `fastnn.distributed` runs on workers, and what it says of workers that are lost."""
