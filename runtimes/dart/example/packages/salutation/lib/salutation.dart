/// How to address somebody, by the hour of the day.
String salutation(DateTime time) => switch (time.hour) {
  >= 5 && < 12 => 'Good morning',
  >= 12 && < 18 => 'Good afternoon',
  _ => 'Good evening',
};
