"""Makes the pictures in `tests/data/metadata` from small ones in `tests/data/codecs`, and `expected.json`: what exiftool reads
in each. Run in the folder of the pictures with exiftool 12.57. What must not be kept contains "SECRET".
"""

import json
import shutil
import subprocess


def exiftool(*arguments):
    return subprocess.run(["exiftool", *arguments], check=True, capture_output=True, text=True).stdout


CODECS = "../codecs/"

CAMERA = [
    "-IFD0:Make=Kamera AG",
    "-IFD0:Model=K 7",
    "-IFD0:Software=Firmware 1.0",
    "-IFD0:ModifyDate=2026:05:04 10:11:12",
    "-ExifIFD:DateTimeOriginal=2026:05:03 09:08:07",
    "-ExifIFD:CreateDate=2026:05:03 09:08:08",
    "-ExifIFD:OffsetTimeOriginal=+02:00",
    "-ExifIFD:SubSecTimeOriginal=123",
    "-ExifIFD:ExposureTime=1/250",
    "-ExifIFD:FNumber=2.8",
    "-ExifIFD:ISO=400",
    "-ExifIFD:ExposureCompensation=-1/3",
    "-ExifIFD:MeteringMode=Spot",
    "-ExifIFD:Flash#=16",
    "-ExifIFD:FocalLength=35",
    "-ExifIFD:FocalLengthIn35mmFormat=53",
    "-ExifIFD:WhiteBalance=Manual",
    "-ExifIFD:LensInfo=24 70 2.8 4",
    "-ExifIFD:LensMake=Linse GmbH",
    "-ExifIFD:LensModel=24-70 mm f/2.8-4",
    # Not kept.
    "-ExifIFD:SerialNumber=SECRET-1",
    "-ExifIFD:LensSerialNumber=SECRET-2",
    "-ExifIFD:OwnerName=SECRET-3",
    "-ExifIFD:UserComment=SECRET-4",
    "-ExifIFD:ImageUniqueID=5ec2e75ec2e75ec2e75ec2e75ec2e700",
    "-IFD0:Orientation#=6",
]
PLACE = [
    "-GPS:GPSLatitude=51.4778",
    "-GPS:GPSLatitudeRef=N",
    "-GPS:GPSLongitude=0.0015",
    "-GPS:GPSLongitudeRef=W",
    "-GPS:GPSAltitude=47.5",
    "-GPS:GPSAltitudeRef#=0",
    "-GPS:GPSDateStamp=2026:05:03",
    "-GPS:GPSTimeStamp=07:08:07",
    "-GPS:GPSProcessingMethod=SECRET-5",
    "-XMP-exif:GPSLatitude=51.4778",
    "-XMP-exif:GPSLongitude=-0.0015",
    "-XMP-photoshop:City=Greenwich",
    "-XMP-iptcCore:CountryCode=GB",
]
WORDS = [
    "-IFD0:Artist=Zoë Äpfel; Jane Doe",
    "-IFD0:Copyright=© 2026 Zoë Äpfel",
    "-IFD0:ImageDescription=A boat & its <shadow>",
]
XMP = [
    "-XMP-dc:Creator=Zoë Äpfel",
    "-XMP-dc:Creator=Jane Doe",
    "-XMP-dc:Rights=© 2026 Zoë Äpfel",
    "-XMP-dc:Rights-de=© 2026 Zoë Äpfel, alle Rechte vorbehalten",
    "-XMP-dc:Description=A boat & its <shadow>",
    "-XMP-dc:Title=\"Boat\"",
    "-XMP-dc:Subject=sea",
    "-XMP-dc:Subject=boat",
    "-XMP-photoshop:Credit=Agency",
    "-XMP-photoshop:Source=Archive",
    "-XMP-photoshop:Headline=Regatta",
    "-XMP-photoshop:DateCreated=2026:05:03 09:08:07+02:00",
    "-XMP-xmp:Rating=4",
    "-XMP-xmp:CreateDate=2026:05:03 09:08:08",
    "-XMP-xmpRights:Marked=True",
    "-XMP-xmpRights:UsageTerms=Ask first",
    "-XMP-xmpRights:WebStatement=https://example.org/rights?a=1&b=2",
    "-XMP-iptcCore:CreatorWorkURL=https://example.org/",
    "-XMP-iptcCore:CreatorWorkEmail=zoe@example.org",
    "-XMP-plus:Licensor={LicensorName=Agency,LicensorURL=https://example.org/license}",
    "-XMP-iptcExt:DigitalSourceType#=http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
    "-XMP-iptcCore:AltTextAccessibility=A boat on the sea",
    # Not kept.
    "-XMP-xmpMM:DocumentID=SECRET-6",
    "-XMP-aux:SerialNumber=SECRET-7",
    "-XMP-crs:RawFileName=SECRET-8",
]
IPTC = [
    "-IPTC:By-line=René",
    "-IPTC:CopyrightNotice=© René",
    "-IPTC:Credit=Bureau",
    "-IPTC:Source=Fonds",
    "-IPTC:Caption-Abstract=Été",
    "-IPTC:Headline=Août",
    "-IPTC:Keywords=mer",
    "-IPTC:Keywords=été",
    "-IPTC:ObjectName=Plage",
    "-IPTC:City=SECRET-9",
]
ALL = CAMERA + PLACE + WORDS + XMP

PICTURES = {
    "all.jpg": ("baseline-444.jpg", ["-ExifByteOrder=MM", "-charset", "iptc=utf8", "-IPTC:CodedCharacterSet=UTF8", *ALL, *IPTC]),
    "all.png": ("gray-4.png", ALL),
    "all.webp": ("lossy.webp", ALL),
    "all.tif": ("rgb-16-predicted-big.tif", ALL),
    "all.psd": ("rgb-packed.psd", ALL),
    "words.jpg": ("baseline-422.jpg", WORDS),
    "camera.jpg": ("baseline-422.jpg", [*CAMERA, f"-ThumbnailImage<={CODECS}orientation-1.jpg"]),
    "xmp.gif": ("opaque.gif", [argument for argument in XMP + PLACE if not argument.startswith("-GPS")]),
    "latin-1.jpg": ("baseline-422.jpg", IPTC),
    "utf-8.jpg": ("baseline-422.jpg", ["-IPTC:CodedCharacterSet=UTF8", *IPTC]),
    "iptc.tif": ("gray-1.tif", IPTC),
    "texts.png": ("gray-4.png", ["-PNG:Author=Zoë", "-PNG:Copyright=© Zoë", "-PNG:Title=Boat", "-PNG:Comment=SECRET"]),
}
GROUPS = ["-IFD0:all", "-ExifIFD:all", "-GPS:all", "-XMP:all", "-IPTC:all", "-PNG:all"]


def make():
    expected = {}
    for name, (source, arguments) in PICTURES.items():
        shutil.copy(CODECS + source, name)
        exiftool("-q", "-overwrite_original", "-charset", "utf8", *arguments, name)
        [expected[name]] = json.loads(exiftool("-json", "-struct", "-G1", "-n", *GROUPS, name))
        del expected[name]["SourceFile"]
    with open("expected.json", "w", encoding="utf-8") as file:
        json.dump(expected, file, indent=1, ensure_ascii=False)
        file.write("\n")


make()
