package adapterd;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * Does with the Kinesis Producer Library what bench/engine does, and prints the same line.
 *
 * <p>Arguments: TLS port, host:port of the counts, records, bytes of a record, records a second (0: as fast as it goes), records of
 * the warm-up. CPU and memory are those of this process and of the daemon that it starts, from /proc: Linux only.
 */
public final class Drive {
  private static final int KEYS = 10_000;
  private static final int MAX_OUTSTANDING = 50_000;
  private static final long TICK_NANOS = 1_000_000;
  // USER_HZ, which the kernel has fixed at 100 for all that it shows.
  private static final double TICKS_PER_SECOND = 100;

  private final KinesisProducer producer;
  private final Semaphore room = new Semaphore(MAX_OUTSTANDING);
  private final AtomicLong failed = new AtomicLong();
  private final String[] keys = new String[KEYS];
  private final byte[] payload;

  private Drive(KinesisProducer producer, int size) {
    this.producer = producer;
    Random random = new Random(42);
    payload = new byte[size];
    random.nextBytes(payload);
    for (int i = 0; i < KEYS; i++) {
      keys[i] = String.format("device-%08x", random.nextInt());
    }
  }

  public static void main(String[] args) throws Exception {
    Locale.setDefault(Locale.ROOT);
    long start = System.nanoTime();
    StaticCredentialsProvider anyone = StaticCredentialsProvider.create(AwsBasicCredentials.create("id", "secret"));
    long port = Long.parseLong(args[0]);
    KinesisProducer producer =
        new KinesisProducer(
            new KinesisProducerConfiguration()
                .setRegion("us-east-1")
                .setKinesisEndpoint("localhost")
                .setKinesisPort(port)
                .setCloudwatchEndpoint("localhost")
                .setCloudwatchPort(port)
                .setVerifyCertificate(false)
                .setCredentialsProvider(anyone)
                .setMetricsCredentialsProvider(anyone)
                .setRateLimit(1_000_000_000L)
                .setRecordTtl(600_000)
                .setLogLevel("error"));
    int records = Integer.parseInt(args[2]);
    int size = Integer.parseInt(args[3]);
    int rate = Integer.parseInt(args[4]);
    Drive drive = new Drive(producer, size);
    drive.put(Integer.parseInt(args[5]), 0, null);
    double warm = (System.nanoTime() - start) / 1e6;

    long[] latencies = rate > 0 ? new long[records] : null;
    double arrivedRecords = arrived(args[1], "records");
    double arrivedRequests = arrived(args[1], "requests");
    double arrivedBytes = arrived(args[1], "body_bytes");
    double sinkCpu = arrived(args[1], "cpu_seconds");
    double cpu = cpuSeconds();
    long began = System.nanoTime();
    drive.put(records, rate, latencies);
    double seconds = (System.nanoTime() - began) / 1e9;
    cpu = cpuSeconds() - cpu;
    if (drive.failed.get() > 0) {
      System.err.println(drive.failed.get() + " records failed");
      System.exit(1);
    }
    System.out.printf(
        "{\"way\":\"kpl\",\"records\":%d,\"size\":%d,\"seconds\":%.3f,\"records_per_second\":%.0f,\"cpu_seconds_per_million\":%.3f,\"peak_mb\":%.1f,"
            + "\"kinesis_per_thousand\":%.3f,\"requests_per_million\":%.0f,\"body_bytes_per_record\":%.1f,\"warm_ms\":%.0f,\"sink_cpu_seconds\":%.3f",
        records, size, seconds, records / seconds, cpu / records * 1e6, peakMegabytes(),
        (arrived(args[1], "records") - arrivedRecords) / records * 1e3,
        (arrived(args[1], "requests") - arrivedRequests) / records * 1e6,
        (arrived(args[1], "body_bytes") - arrivedBytes) / records,
        warm, arrived(args[1], "cpu_seconds") - sinkCpu);
    if (latencies != null) {
      Arrays.sort(latencies);
      System.out.printf(
          ",\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f",
          latencies[records / 2] / 1e6, latencies[(int) (records * 99L / 100)] / 1e6, latencies[records - 1] / 1e6);
    }
    System.out.println("}");
    producer.destroy();
    System.exit(0);
  }

  /** Puts records and waits for all results. A rate is kept as bench/engine does: what is due within a millisecond is put at once. */
  private void put(int records, int rate, long[] latencies) throws InterruptedException {
    CountDownLatch left = new CountDownLatch(records);
    long start = System.nanoTime();
    for (int i = 0; i < records; i++) {
      if (rate > 0) {
        long due = ((long) (i * 1e9 / rate) + TICK_NANOS - 1) / TICK_NANOS * TICK_NANOS;
        for (long wait; (wait = start + due - System.nanoTime()) > 0; ) {
          LockSupport.parkNanos(wait);
        }
      }
      // The producer keeps the buffer, so that each record needs its own.
      byte[] data = payload.clone();
      ByteBuffer.wrap(data).putLong(i);
      room.acquire();
      int number = i;
      long began = System.nanoTime();
      Futures.addCallback(
          producer.addUserRecord("bench", keys[i % KEYS], ByteBuffer.wrap(data)),
          new FutureCallback<UserRecordResult>() {
            @Override
            public void onSuccess(UserRecordResult result) {
              if (latencies != null) {
                latencies[number] = System.nanoTime() - began;
              }
              done();
            }

            @Override
            public void onFailure(Throwable cause) {
              failed.incrementAndGet();
              done();
            }

            private void done() {
              room.release();
              left.countDown();
            }
          },
          Runnable::run);
    }
    if (rate == 0) {
      producer.flush();
    }
    left.await();
  }

  private static double arrived(String counts, String member) throws IOException {
    String text;
    try (var in = URI.create("http://" + counts + "/").toURL().openStream()) {
      text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    Matcher m = Pattern.compile("\"" + member + "\":([-+.0-9eE]+)").matcher(text);
    if (!m.find()) {
      throw new IOException("the sink tells no " + member + ": " + text);
    }
    return Double.parseDouble(m.group(1));
  }

  /** This process and those that it started. */
  private static LongStream family() {
    ProcessHandle self = ProcessHandle.current();
    return LongStream.concat(LongStream.of(self.pid()), self.descendants().mapToLong(ProcessHandle::pid));
  }

  private static double cpuSeconds() {
    return family()
        .mapToDouble(
            pid -> {
              // The name, in brackets, may hold blanks.
              String stat = read(pid, "stat");
              String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
              return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
            })
        .sum();
  }

  private static double peakMegabytes() {
    return family()
        .mapToDouble(
            pid ->
                read(pid, "status")
                    .lines()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .sum()
                    * 1024
                    / 1e6)
        .sum();
  }

  private static String read(long pid, String file) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(pid), file));
    } catch (IOException e) {
      throw new IllegalStateException("read the use of process " + pid + ": " + e.getMessage(), e);
    }
  }
}
