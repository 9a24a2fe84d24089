/// A text that only this package knows.
String get stamp => 'stamped by a dependency';
